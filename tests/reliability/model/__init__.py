"""An independent model of the warehouse: plain Python, written from the contract and not from the project's SQL.

`values` reads one record, `star` makes the tables, `files` lays records out as bytes and knows what a reader must find
in them, `world` invents hostile records, `history` invents what happens to files, `attack` runs it and compares.
Nothing here imports `sparkify`, but for `attack`, which drives it.
"""

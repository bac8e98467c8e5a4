/*
about: the settings that the star was built with: if one changes, the star is rebuilt; and reading_version, the rules by which files are read: if it changes, they are read again
key: setting
columns:
  setting        VARCHAR  not null  name of the setting
  setting_value  VARCHAR  not null  its value
*/

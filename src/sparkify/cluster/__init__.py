"""A Redshift cluster, made and removed as one CloudFormation stack. Only this folder imports boto3.

`template.yaml` is what there is to make; `request.py` what may be asked for; `stack.py` drives CloudFormation;
`states.py` says what its states mean; `address.py` finds a cluster for those who connect to it.
"""

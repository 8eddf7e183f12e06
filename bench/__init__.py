"""Measurements that the documents state, each reproduced by one command: ``python -m bench.<name>``."""

"""The log of a failure that ships as a known issue, for tests that talk about one."""

NUMPY_LOG = """\
installing numpy 2.4.6
Traceback (most recent call last):
  File "/srv/app/train.py", line 8, in main
    x = np.float(3)
AttributeError: module 'numpy' has no attribute 'float'
"""

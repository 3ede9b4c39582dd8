"""The whole bridge on one machine: what template.yaml declares, in front of a stand-in for the vendor.

template.py   template.yaml, translated         stack.py      created in the embedded AWS
wiring.py     who is called by what             functions.py  the handlers, called as Lambda calls them
gateway.py    API Gateway's part                workers.py    the schedule's and the queue's part
aws.py        the embedded AWS (moto)           vendor/       the stand-in for the vendor
sandbox.py    all of it, up and down            __main__.py   run, demo, sam-local
"""

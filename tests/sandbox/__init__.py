"""The whole bridge on one machine: the resources of template.yaml in an embedded AWS, and a fake vendor.

template.py       template.yaml, translated            stack.py          the stack in the embedded AWS
triggers.py       what invokes which function          events.py         the events that AWS sends to functions
lambda_runner.py  how Lambda loads and calls code      functions.py      all functions in one process
gateway.py        API Gateway                          workers.py        schedules and queues
aws.py            the embedded AWS (moto)              vendor/           the fake vendor
frontend.py       a frontend that receives webhooks    webhooks.py       their endpoints, and a line for each
variables.py      the environment variables            request_lines.py  a line for each request
sandbox.py        starts and stops everything          __main__.py       run, demo, sam-local
"""

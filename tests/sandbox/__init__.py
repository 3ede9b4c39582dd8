"""The whole bridge on one machine: what template.yaml declares, with a fake vendor.

template.py       template.yaml, translated            stack.py       created in the embedded AWS
triggers.py       which function is called by what     events.py      the events that AWS makes for functions
lambda_runner.py  how Lambda loads and calls code      functions.py   all functions in one process
gateway.py        API Gateway                          workers.py     schedules and queues
aws.py            the embedded AWS (moto)              vendor/        the fake vendor
frontend.py       in place of a frontend               webhooks.py    who is sent them, and a line for each
variables.py      what the environment may set         request_lines.py  a line for each request
sandbox.py        all of it, started and stopped       __main__.py    run, demo, sam-local
"""

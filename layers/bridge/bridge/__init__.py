"""The package that the functions share.

Imports point inwards: functions → web, use_cases → vendor, store, aws, auth → outbound → domain.
"""

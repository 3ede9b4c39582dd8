"""What the functions share. Arrows point inwards: functions → web, use cases → vendor, store → models, errors."""

"""The door: a kiosk screen with a rotating code, and check-in without a phone."""

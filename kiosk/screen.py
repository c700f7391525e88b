"""Placeholder blueprint; its owner fills it."""

from flask import Blueprint

blueprint = Blueprint("kiosk", __name__)

"""Placeholder blueprint; its owner fills it."""

from flask import Blueprint

blueprint = Blueprint("signin", __name__)

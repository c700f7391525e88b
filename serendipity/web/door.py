"""Placeholder blueprint; its owner fills it."""

from flask import Blueprint

blueprint = Blueprint("door", __name__)

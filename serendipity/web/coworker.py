"""Placeholder blueprint; its owner fills it."""

from flask import Blueprint

blueprint = Blueprint("coworker", __name__)

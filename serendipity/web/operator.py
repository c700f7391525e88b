"""Placeholder blueprint; its owner fills it."""

from flask import Blueprint

blueprint = Blueprint("operator", __name__)

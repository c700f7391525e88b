"""Placeholder blueprint; its owner fills it."""

from flask import Blueprint

blueprint = Blueprint("company", __name__)

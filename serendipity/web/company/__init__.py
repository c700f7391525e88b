"""The company: find, price, hold and book a room, and see from it which skills are in the house.

One blueprint; its views stand in modules named for what they are about. What belongs to an
organisation has it in the address, and who is not in it gets the answer of a missing page.
"""

from flask import Blueprint

from serendipity.web import money

blueprint = Blueprint("company", __name__)
blueprint.add_app_template_filter(money.money)
blueprint.add_app_template_filter(money.percent)

# The views register themselves on the blueprint above, so they can only come after it.
from serendipity.web.company import (  # noqa: E402
    bookings,  # noqa: F401
    invoices,  # noqa: F401
    map,  # noqa: F401
    organisations,  # noqa: F401
    payments,  # noqa: F401
    rooms,  # noqa: F401
    series,  # noqa: F401
    waiting,  # noqa: F401
)

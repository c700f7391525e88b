"""The concierge's pages: taking a shift, the desk, what is carried, what is written, the rota."""

from flask import Blueprint, Response, request

blueprint = Blueprint("concierge", __name__, url_prefix="/concierge")


@blueprint.after_request
def leave_when_over(response: Response) -> Response:
    """A page that refreshes itself reloads, and so empties, when the shift behind it has ended."""
    if response.status_code == 404 and request.headers.get("HX-Request"):
        response.headers["HX-Refresh"] = "true"
    return response


# The views add themselves to the blueprint.
from serendipity.web.concierge import carrying, desk, rooms, rota, screens, stories, taking  # noqa: E402, F401

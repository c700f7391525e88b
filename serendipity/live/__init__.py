"""Live updates: server-sent events, on the address and port of the pages.

`views` answers like every page: who is it, what may they follow (`grants`). `handover` then gives
the browser's connection to the live process (`keeping`), which holds all streams, hears of changes
(`changes`), looks once for everybody (`rooms`, `telling`), and asks before each event whether the
grant still holds. Without that process a stream is one event and its end, and pages ask again by
themselves (docs/decisions/live.md).
"""

from serendipity.live.views import blueprint

__all__ = ["blueprint"]

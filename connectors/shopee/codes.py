"""What Shopee's error codes and texts mean for a crafter, as data (shopee.md section 9 and 5.7 to 5.17).

Each meaning names what the engine does next (the error class), what happened and the remedy in both languages.
Odd spellings are Shopee's own.
"""

from __future__ import annotations

from syncer.domain.problem import Who
from syncer.domain.words import Words
from syncer.sdk.errors import (
    AccountStopped,
    Blocked,
    Gone,
    PictureGone,
    RateLimited,
    Rejected,
    SignInNeeded,
    Transient,
)
from syncer.sdk.meanings import CodeMeaning

_SOON, _LATER = 60.0, 900.0
_EDIT = Who.CRAFTER
_ADMIN = Who.ADMINISTRATOR

TRY_AGAIN = CodeMeaning(Transient, Words("Shopee sedang sibuk.", "Shopee is busy just now."))
BURST = CodeMeaning(
    RateLimited,
    Words("Terlalu banyak panggilan sekaligus ke Shopee.", "Too many calls to Shopee at once."),
    after_s=1.0,
)
DAILY = CodeMeaning(
    RateLimited,
    Words(
        "Jatah panggilan harian aplikasi di Shopee sudah habis, dan terisi lagi tengah malam.",
        "The app's daily calls at Shopee are used up; they come back at midnight.",
    ),
)
TOKEN = CodeMeaning(SignInNeeded, Words("Shopee menolak tanda masuk toko ini.", "Shopee refused this shop's sign-in."))
CONSENT = CodeMeaning(
    SignInNeeded,
    Words(
        "Izin toko ini di Shopee sudah habis atau dicabut.", "This shop's consent at Shopee has ended or was revoked."
    ),
)
CODE_DEAD = CodeMeaning(
    SignInNeeded,
    Words(
        "Kode izin dari Shopee sudah dipakai, salah, atau lewat 10 menit.",
        "The consent code from Shopee was used already, is wrong, or is older than 10 minutes.",
    ),
    Words("Ulangi `syncer account reconnect`.", "Run `syncer account reconnect` again."),
)
UNLINKED = CodeMeaning(
    AccountStopped,
    Words("Toko ini tidak lagi terhubung dengan aplikasi kita.", "This shop is no longer linked to our app."),
    Words(
        "Minta pemilik toko memberi izin lagi: `syncer account reconnect`.",
        "Ask the shop's owner for consent again: `syncer account reconnect`.",
    ),
)
KYC = CodeMeaning(
    AccountStopped,
    Words("Pendaftaran penjual di Shopee belum lengkap.", "The seller registration at Shopee isn't complete."),
    Words(
        "Lengkapi pendaftaran di Seller Centre, lalu `syncer account resume`.",
        "Complete the registration in Seller Centre, then `syncer account resume`.",
    ),
)
KEYS = CodeMeaning(
    AccountStopped,
    Words("Shopee menolak kunci atau tanda tangan aplikasi.", "Shopee refused the app's key or signature."),
    Words(
        "Periksa base_url, partner_id dan partner_key: kunci uji hanya cocok dengan alamat uji.",
        "Check base_url, partner_id and partner_key: test keys fit the test address only.",
    ),
)
CLOCK = CodeMeaning(
    Transient,
    Words("Jam komputer ini tidak cocok dengan jam Shopee.", "This computer's clock doesn't match Shopee's."),
    Words(
        "Betulkan jam komputer ini; Syncer mencoba lagi sendiri.",
        "Set this computer's clock right; Syncer tries again by itself.",
    ),
    _ADMIN,
)
PERMISSION = CodeMeaning(
    AccountStopped,
    Words("Aplikasi kita tidak punya izin untuk panggilan ini.", "Our app has no permission for this call."),
    Words(
        "Minta izin itu di konsol Shopee Open Platform, lalu `syncer account resume`.",
        "Ask for the permission in Shopee's Open Platform console, then `syncer account resume`.",
    ),
)
ADDRESS = CodeMeaning(
    AccountStopped,
    Words("Shopee tidak mengenal alamat IP server ini.", "Shopee doesn't know this server's IP address."),
    Words(
        "Tambahkan alamat IP ini di konsol Shopee, lalu `syncer account resume`.",
        "Add this IP address in Shopee's console, then `syncer account resume`.",
    ),
)
SHOP_BANNED = CodeMeaning(
    AccountStopped,
    Words("Toko ini diblokir oleh Shopee.", "This shop is banned by Shopee."),
    Words("Hubungi Shopee lewat Seller Centre.", "Contact Shopee through Seller Centre."),
)
SHOP_WAITS = CodeMeaning(
    Blocked,
    Words(
        "Toko ini sedang dibatasi oleh Shopee (penalti atau status toko).",
        "Shopee restricts this shop just now (penalty or shop status).",
    ),
    Words("Lihat Seller Centre; Syncer melihat lagi sendiri.", "See Seller Centre; Syncer looks again by itself."),
    _ADMIN,
    after_s=_LATER,
)
HOLIDAY = CodeMeaning(
    Blocked,
    Words("Toko sedang dalam mode libur.", "The shop is in holiday mode."),
    Words(
        "Matikan mode libur di Shopee; Syncer mencoba lagi sendiri.",
        "Switch holiday mode off at Shopee; Syncer tries again by itself.",
    ),
    _ADMIN,
    after_s=_LATER,
)
PROMOTION = CodeMeaning(
    Blocked,
    Words("Produk ini terkunci oleh promosi di Shopee.", "A promotion at Shopee locks this product."),
    Words(
        "Tunggu promosi selesai, atau keluarkan produk dari promosi itu.",
        "Wait until the promotion ends, or take the product out of it.",
    ),
    _EDIT,
    after_s=_LATER,
)
RESERVED = CodeMeaning(
    Blocked,
    Words(
        "Shopee sudah menyisihkan stok produk ini untuk promosi, jadi stok tidak bisa lebih rendah.",
        "Shopee holds stock of this product for a promotion, so it can't go lower.",
    ),
    Words(
        "Keluarkan produk dari promosi itu, atau tunggu sampai selesai.",
        "Take the product out of the promotion, or wait until it ends.",
    ),
    _EDIT,
    "stock",
    _SOON,
)
REVIEW = CodeMeaning(
    Blocked,
    Words("Produk ini sedang ditinjau atau diblokir Shopee.", "Shopee is reviewing this product, or has banned it."),
    after_s=_SOON,
)
LAUNCH = CodeMeaning(
    Blocked,
    Words("Shopee menahan produk ini sampai tanggal tertentu.", "Shopee keeps this product hidden until a date."),
    after_s=_LATER,
)
WAREHOUSE = CodeMeaning(
    Blocked,
    Words("Stok produk ini diatur oleh gudang Shopee.", "A Shopee warehouse keeps this product's stock."),
    Words("Ubah stok itu di Seller Centre.", "Change that stock in Seller Centre."),
    _ADMIN,
    "stock",
    _LATER,
)
GONE = CodeMeaning(Gone, Words("Produk ini sudah tidak ada di Shopee.", "This product is no longer at Shopee."))
MODEL_GONE = CodeMeaning(Gone, Words("Varian ini sudah tidak ada di Shopee.", "This variant is no longer at Shopee."))
PICTURE_GONE = CodeMeaning(
    PictureGone,
    Words("Shopee tidak lagi menyimpan foto yang sudah diunggah.", "Shopee no longer has a photo that was uploaded."),
)


def _fix(
    field: str, id_: str, en: str, remedy_id: str, remedy_en: str, *, who: Who = _EDIT, quote: bool = False
) -> CodeMeaning:
    return CodeMeaning(Rejected, Words(id_, en), Words(remedy_id, remedy_en), who, field, quote=quote)


TITLE = _fix(
    "title",
    "Judul terlalu pendek atau terlalu panjang untuk Shopee.",
    "The title is too short or too long for Shopee.",
    "Ubah judulnya.",
    "Change the title.",
)
TITLE_SIGNS = _fix(
    "title",
    "Judul berisi tanda yang tidak boleh di Shopee.",
    "The title holds characters that Shopee doesn't allow.",
    "Hapus tanda khusus atau emoji dari judul.",
    "Remove special characters or emoji from the title.",
)
DESCRIPTION = _fix(
    "description",
    "Keterangan terlalu pendek, terlalu panjang, atau tidak diterima Shopee.",
    "The description is too short, too long, or not accepted by Shopee.",
    "Ubah keterangannya.",
    "Change the description.",
)
HASHTAGS = _fix(
    "description",
    "Keterangan berisi lebih dari 18 tagar (#).",
    "The description holds more than 18 hash tags (#).",
    "Hapus beberapa tagar.",
    "Remove some hash tags.",
)
CATEGORY = _fix(
    "category",
    "Shopee tidak menerima kategori ini.",
    "Shopee doesn't accept this category.",
    "Pilih kategori Shopee lain untuk jenis produk ini.",
    "Choose another Shopee category for this kind of product.",
    who=_ADMIN,
)
ATTRIBUTE = _fix(
    "attributes",
    "Ada keterangan wajib (misalnya bahan) yang kosong atau tidak cocok.",
    "A mandatory detail (such as the material) is missing or doesn't fit.",
    "Isi keterangan wajib kategori ini.",
    "Fill in the mandatory details of this category.",
    quote=True,
)
BRAND = _fix(
    "brand",
    "Shopee tidak menerima merek ini.",
    "Shopee doesn't accept this brand.",
    "Pilih merek yang terdaftar di Shopee, atau kosongkan.",
    "Choose a brand registered at Shopee, or none.",
)
PHOTOS = _fix(
    "pictures",
    "Shopee tidak menerima foto produk ini.",
    "Shopee doesn't accept this product's photos.",
    "Ganti fotonya: JPG atau PNG, cukup besar, paling banyak 10 MB.",
    "Replace the photo: JPG or PNG, large enough, at most 10 MB.",
)
PRICE = _fix(
    "price",
    "Shopee tidak menerima harga ini.",
    "Shopee doesn't accept this price.",
    "Ubah harga. Varian termahal paling banyak 7 kali yang termurah.",
    "Change the price. The dearest variant may cost at most 7 times the cheapest.",
    quote=True,
)
STOCK = _fix(
    "stock",
    "Shopee tidak menerima jumlah stok ini.",
    "Shopee doesn't accept this stock count.",
    "Ubah stok ke jumlah yang diizinkan.",
    "Change the stock to an allowed count.",
    quote=True,
)
COURIER = _fix(
    "logistics",
    "Kurir yang dipilih tidak cocok dengan produk ini.",
    "The chosen couriers don't fit this product.",
    "Periksa berat, ukuran dan harga, atau pilih kurir lain.",
    "Check weight, size and price, or choose other couriers.",
    who=_ADMIN,
    quote=True,
)
DAYS = _fix(
    "made_to_order_days",
    "Lama pembuatan tidak diizinkan di kategori ini.",
    "The making time isn't allowed in this category.",
    "Ubah jumlah hari pembuatan.",
    "Change the number of days.",
)
VARIANTS = _fix(
    "variants",
    "Shopee tidak menerima susunan varian ini.",
    "Shopee doesn't accept these variants.",
    "Periksa nama pilihan: pendek, tidak kembar, paling banyak 2 macam dan 50 varian.",
    "Check the option names: short, no twins, at most 2 kinds and 50 variants.",
    quote=True,
)
WEIGHT = _fix(
    "weight_g",
    "Berat atau ukuran paket kurang atau salah.",
    "The parcel's weight or size is missing or wrong.",
    "Isi berat dan ukuran paket.",
    "Fill in the parcel's weight and size.",
)
BARCODE = _fix(
    "barcode",
    "Shopee meminta kode batang (GTIN) yang benar.",
    "Shopee asks for a correct barcode (GTIN).",
    "Isi kode batang produk.",
    "Fill in the product's barcode.",
)
TWIN = _fix(
    "title",
    "Shopee menganggap produk ini sudah pernah ditayangkan.",
    "Shopee thinks that this product is listed already.",
    "Hapus atau ubah produk yang kembar di toko itu.",
    "Delete or change the twin in that shop.",
)
FULL = _fix(
    "product",
    "Toko sudah mencapai jumlah produk paling banyak di Shopee.",
    "The shop has reached Shopee's limit of products.",
    "Turunkan produk lain, atau minta batas lebih besar ke Shopee.",
    "Take down another product, or ask Shopee for a higher limit.",
    who=_ADMIN,
)
LOCATION = _fix(
    "stock",
    "Toko ini punya beberapa gudang (atau tidak), dan location_id tidak cocok.",
    "This shop has several warehouses (or none), and location_id doesn't fit.",
    "Betulkan pilihan location_id pada akun ini.",
    "Mend the option location_id of this account.",
    who=_ADMIN,
)
POLICY = _fix(
    "product",
    "Aturan Shopee menolak produk ini.",
    "Shopee's rules refuse this product.",
    "Baca keterangan Shopee, lalu ubah produk.",
    "Read Shopee's note, then change the product.",
    quote=True,
)
PARAMETER = _fix(
    "product",
    "Shopee menolak isi produk ini.",
    "Shopee refused this product's details.",
    "Baca keterangan Shopee, lalu ubah produk.",
    "Read Shopee's note, then change the product.",
    quote=True,
)

_BY_MEANING: tuple[tuple[CodeMeaning, str], ...] = (
    (
        TRY_AGAIN,
        "error_network error_server error_system_busy error_inner error_data error_get_shop_fail "
        "error_busi_add_item_failed error_busi_update_item_failed error_unlist_item_failed "
        "error_cannot_delete_item error_slash_price_load error_marshal http_500 http_502 http_503 http_504",
    ),
    (BURST, "error_rate_limit http_429"),
    (DAILY, "error_limit"),
    (TOKEN, "invalid_acceess_token invalid_access_token error_shop_refresh_token error_merchant_refresh_token"),
    (CONSENT, "refresh_token_expired shop_access_expired merchant_access_expired supplier_access_expired"),
    (CODE_DEAD, "invalid_code invalid_shop_id invalid_main_acount_id"),
    (
        UNLINKED,
        "shop_no_linked partner_shop_no_link merchant_no_linked supplier_no_linked invalid_shop error_shop "
        "error_shop_not_found error_auth_shop_not_found error_param_shop_id_not_found",
    ),
    (KYC, "error_kyc_auth"),
    (KEYS, "error_sign invalid_partner_id error_partner_key_expired"),
    (
        PERMISSION,
        "error_api_permission api_suspended error_api_call_restricted error_perm_non_admin error_permission "
        "error_ashop_api_permission",
    ),
    (ADDRESS, "source_ip_undeclared"),
    (SHOP_BANNED, "shop_banned"),
    (SHOP_WAITS, "error_seller_under_penalty error_busi_invalid_shop_status error_busi_invalid_account_status"),
    (HOLIDAY, "error_holiday_on_add_item error_holiday_mode_change_stock error_holiday_on_del_item"),
    (
        PROMOTION,
        "error_cannot_update_price_in_promotion error_promotion_cantnot_update_stock "
        "error_unlist_in_promotion error_item_in_promotion error_cannt_edit_price_in_promotion "
        "error_cannt_edit_stock_in_promotion error_in_item_promotion_item_price_lock "
        "error_model_update_stock_model_in_promotion error_cannt_init_tier_in_promotion "
        "error_cannt_delete_option_in_promotion error_cannt_edit_name_in_promotion",
    ),
    (
        REVIEW,
        "error_busi_cannot_delist_reviewing_or_banned_item error_busi_item_status_invalid error_param_item_status",
    ),
    (LAUNCH, "error_set_normal_unlisted_item error_unlist_item_fail"),
    (
        WAREHOUSE,
        "error_wms_shop_block_upate_stock error_auth_model_is_pff error_auth_product_is_pff "
        "error_busi_cannot_edit_vsku",
    ),
    (
        GONE,
        "error_item_not_found error_item_or_variation_not_found error_item_not_belong_shop error_item_uneditable "
        "error_not_found error_nil_shopid_or_itemid",
    ),
    (MODEL_GONE, "error_model_invalid_model_id error_wrong_modelid"),
    (
        TITLE,
        "error_item_name_is_too_short error_title_exceeds_max_length error_name_length_limit "
        "error_item_name_empty error_nil_name_new_item",
    ),
    (TITLE_SIGNS, "error_title_character_forbidden"),
    (DESCRIPTION, "error_desc_length_min_limit error_desc_length_max_limit error_desc_image_no_pass"),
    (HASHTAGS, "error_desc_hash_tag_over_limit"),
    (
        CATEGORY,
        "error_category_is_block error_forbidden_category error_invalid_category error_incalid_category "
        "error_category_level error_busi_cannot_update_field error_category",
    ),
    (
        ATTRIBUTE,
        "error_invalid_attribute error_less_required_attribute error_invalid_category_attribute "
        "error_value_name_required error_value_id_must_equal_zero error_invalid_attribute_value "
        "error_busi_attribute_error error_attribute_fda_error error_wrong_attrsnapshot error_attribute",
    ),
    (
        BRAND,
        "error_invalid_brand error_incalid_brand error_less_required_brand error_brand_forbidden "
        "error_duplicated_brand error_brand",
    ),
    (PHOTOS, "error_image_num_min error_image_unavailable error_tier_img_not_allower error_tier_img_partial"),
    (
        PRICE,
        "error_price_exceed_min_limitt error_price_exceed_max_limitt error_invalid_price "
        "error_price_out_of_range error_update_price_fail error_edit_item_price_for_item_has_model "
        "error_price_should_be_same_for_wholesales error_busi_price_lower_then_wholesale_price "
        "error_whole_sale_price_setting_incorrect error_wholesale_price_less_than_ratio_limit",
    ),
    (STOCK, "error_edit_item_stock_for_item_has_model error_busi_update_stock_failed"),
    (COURIER, "error_invalid_logistic_info error_invalid_price_for_logistic"),
    (
        DAYS,
        "error_invalid_days_to_ship error_param_dts_exceeds_max_limit error_category_dts "
        "error_param_category_not_support_pre_order error_estimated_days_limit",
    ),
    (
        VARIANTS,
        "error_tier_var_name_too_long error_tier_opt_val_too_long error_model_duplicate_name "
        "error_model_duplicate_tier_variation_index error_model_count_over_limit error_model_tier_index_bound "
        "error_tier_var_level_not_same error_busi_cannot_delete_all_model "
        "error_busi_cannot_delete_default_model error_duplicate_modelid error_tier_index "
        "error_tier_opt_too_many error_tier_var_too_many error_tier_var_is_ error_nil_name_new_item_model "
        "error_model_nonempty_itemtier_empty_index error_model_tier_index_level_mismatch_var_level",
    ),
    (TWIN, "error_repeated_mtsku"),
    (FULL, "error_reach_shop_item_limit"),
    (POLICY, "error_check_luc_fail"),
    (PARAMETER, "error_param error_param_validate error.param"),
)

#: Code without its module prefix → meaning.
CODES: dict[str, CodeMeaning] = {code: meaning for meaning, codes in _BY_MEANING for code in codes.split()}

#: Families of codes: (regular expression over the bare code, meaning).
FAMILIES: tuple[tuple[str, CodeMeaning], ...] = (
    (r"error_cann(o)?t_\w+_in_promotion", PROMOTION),
    (r"error_cannt_be_no_variation_in_promotion", PROMOTION),
    (r"error_in_(item|model)_promotion_\w+", PROMOTION),
    (r"error_model_\w+_in_promotion", PROMOTION),
    (r"error_(slash_price|flash_sale)_\w+", PROMOTION),
    (r"error_holiday_\w+", HOLIDAY),
)

#: Codes that say too little by themselves: the text decides first (shopee.md 3.5, 5.16, 9).
VAGUE = frozenset(
    {
        "",
        "error_auth",
        "error_param",
        "error.param",
        "error_param_validate",
        "error_busi",
        "error_inner",
        "error_server",
        "error_data",
        "error_not_found",
        "error_unknown",
        "error_shop",
        "error_check_luc_fail",
        "error_update_price_fail",
        "error_busi_update_stock_failed",
        "error_unlist_item_all_failed",
        "batch_api_all_failed",
        "batch_process_failed",
        "error_busi_cannot_update_field",
        "error_busi_add_item_failed",
        "error_busi_update_item_failed",
    }
)

#: (regular expression over the text, any case; meaning), in order: the first that matches decides.
TEXTS: tuple[tuple[str, CodeMeaning], ...] = (
    (r"timestamp is expired|invalid timestamp|no timestamp", CLOCK),
    (r"wrong sign|no sign in query|invalid partner_id(?! or)|partner_id is invalid|no partner_id", KEYS),
    (r"refresh_token|refresh token", TOKEN),
    (r"access_token", TOKEN),
    (r"invalid code", CODE_DEAD),
    (r"invalid partner_id or shop_?id|no linked", UNLINKED),
    (r"no permission to current api|permissions? .*restricted|app .*(deleted|suspended|banned)", PERMISSION),
    (r"holiday|vacation|vocation", HOLIDAY),
    (r"reserved? stock", RESERVED),
    (r"location[ _]?id|stock structure|multi warehouse", LOCATION),
    (r"promotion|flash sale|slash price|add-on deal|bundle deal|groupbuy", PROMOTION),
    (r"\breview(ing)?\b|\bbanned\b", REVIEW),
    (r"under penalty", SHOP_WAITS),
    (r"image not exist|image_id .*not exist", PICTURE_GONE),
    (r"model ?id not exist|wrong model_id|invalid model_id", MODEL_GONE),
    (r"(item|item_id|product) .*(not found|not exist|doesn't exist|deleted)|not belong to shop", GONE),
    (r"leaf category|invalid category|category .*(restricted|prohibited|forbidden)", CATEGORY),
    (r"gtin", BARCODE),
    (r"stock should be within|stock .*(limit|range)", STOCK),
    (r"price", PRICE),
    (r"days?[_ ]to[_ ]ship|\bdts\b|pre-?order", DAYS),
    (r"tier|variation|option|repeat model_id|model", VARIANTS),
    (r"attribute", ATTRIBUTE),
    (r"brand", BRAND),
    (r"weight|dimension|package_", WEIGHT),
    (r"logistic|shipping channel", COURIER),
    (r"hash ?tag", HASHTAGS),
    (r"item_?name|title", TITLE),
    (r"description", DESCRIPTION),
    (r"image|picture|photo", PHOTOS),
    (r"try (again )?later|busy|system error|parse data failed|inner http", TRY_AGAIN),
)

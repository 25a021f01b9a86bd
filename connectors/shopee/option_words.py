"""What each option of a shop means, in Bahasa Indonesia."""

from __future__ import annotations

from collections.abc import Mapping

HELP_ID: Mapping[str, str] = {
    "base_url": "Alamat API. Bila kosong: yang sungguhan untuk Asia; kunci uji hanya berlaku di alamat uji.",
    "partner_id": "Partner id aplikasi Anda, dari konsol Shopee.",
    "partner_key": "Partner key aplikasi Anda. Dipakai sebagai teks, persis seperti di konsol.",
    "shop_id": "Nomor toko. Bila kosong, diambil dari izin.",
    "access_token": "Token akses pertama, bila sudah punya.",
    "refresh_token": "Token penyegar pertama, bila sudah punya.",
    "access_expires_at": "Kapan token akses pertama habis. ISO 8601; bila kosong, dianggap baru.",
    "consent_form": 'Tautan izin: "signed" di alamat API, atau "open" di halaman izin.',
    "consent_url": 'Halaman izin untuk consent_form "open".',
    "language": "Bahasa nama kategori dan atribut.",
    "logistics": "Nomor kurir yang ditawarkan, dipisah koma. Kosong: semua yang cocok dengan paketnya.",
    "free_shipping": "Toko menanggung ongkos kirim di semua kurir.",
    "location_id": "Gudang tempat stok. Hanya untuk toko dengan beberapa gudang.",
    "attribute_defaults": "Isi atribut wajib yang tidak ada di produk. Contoh: Shelf life=6 months; Gender=Unisex.",
    "neutral_attributes": 'Isi atribut wajib dengan "Other" atau "No". Hanya bila tidak ada yang lebih tepat.',
    "calls_per_s": "Panggilan per detik untuk seluruh aplikasi. Dibagi semua tokonya.",
    "daily_calls": "Panggilan per hari untuk seluruh aplikasi. Kosong: tidak diketahui batasnya.",
    "variation_pause_s": "Jeda antara membuat barang dan variannya, dalam detik.",
    "review_check_s": "Kapan barang dilihat lagi setelah diubah, dalam detik.",
    "late_write_s": "Sampai berapa lama perubahan tanpa jawaban masih bisa masuk, dalam detik.",
    "search_lag_s": "Berapa lama barang baru belum muncul di pencarian, dalam detik.",
    "read_lag_s": "Berapa lama bacaan bisa ketinggalan, dalam detik.",
    "orders_lag_s": "Sampai berapa lama pesanan atau perubahannya baru terlihat, dalam detik.",
}

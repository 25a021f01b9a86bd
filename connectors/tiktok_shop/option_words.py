"""What each option of a shop means, in Bahasa Indonesia."""

from __future__ import annotations

from collections.abc import Mapping

HELP_ID: Mapping[str, str] = {
    "base_url": "Alamat API. Toko uji juga memakai alamat sungguhan.",
    "auth_url": "Alamat panggilan token. Kosong: yang sungguhan, atau base_url di mesin ini.",
    "consent_url": "Alamat halaman izin. Kosong: yang untuk Indonesia, atau base_url di mesin ini.",
    "app_key": "App key aplikasi Anda, dari Partner Center.",
    "app_secret": "App secret aplikasi Anda, dari Partner Center.",
    "service_id": "Service id aplikasi Anda, untuk halaman izin. Kosong: halaman lama dipakai.",
    "platforms": 'Di mana produk tampil: "both", "tokopedia" atau "tiktok_shop".',
    "shop_id": "Nomor toko. Bila kosong, diambil dari izin.",
    "shop_cipher": "Cipher toko. Bila kosong, dibaca dari platform.",
    "access_token": "Token akses pertama, bila sudah punya.",
    "refresh_token": "Token penyegar pertama, bila sudah punya.",
    "access_expires_at": "Kapan token akses pertama habis. ISO 8601; bila kosong, dianggap baru.",
    "warehouse_id": "Gudang tempat stok. Kosong: gudang utama; stok di gudang lain dihitung lalu dijadikan 0.",
    "language": "Bahasa nama kategori dan atribut.",
    "short_title_suffix": "Kata tambahan untuk judul di bawah 25 huruf. Kosong: judul seperti itu jadi masalah.",
    "attribute_defaults": "Isi atribut wajib yang tidak ada di produk. Contoh: Bahan=Kayu; Motif=Polos.",
    "neutral_attributes": 'Isi atribut wajib dengan "Lainnya" atau "Tidak". Hanya bila tidak ada yang lebih tepat.',
    "size_chart_template": "Nomor templat tabel ukuran, untuk kategori yang memintanya.",
    "certificates_in_place": "Nomor sertifikat yang dipasang orang di Seller Center. Dipisah koma.",
    "cash_on_delivery": "Pembeli boleh bayar di tempat, bila kategorinya boleh. Kosong: dibiarkan.",
    "delivery_options": "Nomor pilihan kirim yang ditawarkan, dipisah koma. Kosong: seperti di gudang.",
    "shipping_insurance": "Asuransi kirim di Tokopedia: REQUIRED, OPTIONAL atau NOT_SUPPORTED. Kosong: dibiarkan.",
    "minimum_order": "Paling sedikit berapa barang sekali pesan. Kosong: dibiarkan.",
    "lowest_price": "Harga terendah yang diterima platform, dalam rupiah.",
    "highest_price": "Harga tertinggi yang diterima platform, dalam rupiah.",
    "calls_per_s": "Panggilan per detik untuk toko ini, baca dan tulis bersama.",
    "writes_per_s": "Tulisan toko ini per detik.",
    "listings_per_s": "Barang baru dan barang yang diubah penuh, per detik.",
    "review_check_s": "Kapan barang dilihat lagi selama ditinjau, dalam detik.",
    "late_write_s": "Sampai berapa lama perubahan tanpa jawaban masih bisa masuk, dalam detik.",
    "search_lag_s": "Berapa lama barang baru belum muncul di pencarian, dalam detik.",
    "read_lag_s": "Berapa lama bacaan bisa ketinggalan, dalam detik.",
    "orders_lag_s": "Sampai berapa lama pesanan atau perubahannya baru terlihat, dalam detik.",
}

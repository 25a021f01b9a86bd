"""What can be wrong with a command about orders, in words with the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from syncer.domain.text import ID_MAX_LENGTH
from syncer.domain.words import SyncerError, Words


class OrderError(SyncerError):
    """Something about an order that a person must put right; the sentence says how."""


def unknown_order(name: str) -> OrderError:
    """Return the error for an order that isn't there."""
    shown = name[:60]
    return OrderError(
        Words(
            f'Pesanan "{shown}" tidak ada. Lihat daftarnya: syncer orders.',
            f'There is no order "{shown}". See the list: syncer orders.',
        )
    )


def long_reference() -> OrderError:
    """Return the error for a reference that can't be kept whole: two that begin alike would be taken for one."""
    return OrderError(
        Words(
            f"Rujukan penjualan terlalu panjang. Pakai paling banyak {ID_MAX_LENGTH} huruf.",
            f"The reference of the sale is too long. Use at most {ID_MAX_LENGTH} characters.",
        )
    )


def several_orders(name: str, ids: Sequence[int]) -> OrderError:
    """Return the error for an order number that two shops use."""
    listed = ", ".join(str(one) for one in ids)
    return OrderError(
        Words(
            f'Ada beberapa pesanan bernomor "{name[:60]}". Pakai nomor Syncer-nya: {listed}.',
            f'Several orders have the number "{name[:60]}". Use Syncer\'s own number: {listed}.',
        )
    )


def unknown_line(order: str, line: str, names: Sequence[str]) -> OrderError:
    """Return the error for a line that the order doesn't have."""
    listed = ", ".join(names[:10]) or "-"
    return OrderError(
        Words(
            f'Pesanan {order} tidak punya baris "{line[:60]}". Yang ada: {listed}.',
            f'The order {order} has no line "{line[:60]}". There are: {listed}.',
        )
    )


def bound_already(order: str, line: str, sku: str) -> OrderError:
    """Return the error for a line whose variant is known."""
    return OrderError(
        Words(
            f"Baris {line} di pesanan {order} sudah berarti {sku}; stoknya sudah dihitung. Keliru? Ulangi dengan SKU "
            "yang benar dan --again.",
            f"The line {line} of order {order} means {sku} already; its stock is counted. Wrong? Give the right SKU "
            "and --again.",
        )
    )


def bind_oversells(sku: str, short: int) -> OrderError:
    """Return the error for a binding that would sell more than there is."""
    return OrderError(
        Words(
            f"Kalau begitu {sku} terjual melebihi yang ada (kurang {short}). Tidak ada yang diubah. Bila memang "
            "benar, ulangi dengan --yes.",
            f"That would sell more than there is ({short} short, counting {sku}). Nothing was changed. If it is right "
            "all the same, say it again with --yes.",
        )
    )


def nothing_to_return(order: str) -> OrderError:
    """Return the error for an order of which nothing is away."""
    return OrderError(
        Words(
            f"Tidak ada barang pesanan {order} yang sudah keluar dan belum kembali.",
            f"Nothing of order {order} has gone and not come back yet.",
        )
    )


def nothing_held(order: str) -> OrderError:
    """Return the error for closing an order that holds nothing."""
    return OrderError(
        Words(
            f"Pesanan {order} tidak menahan barang apa pun; tidak ada yang perlu ditutup.",
            f"The order {order} holds nothing; there is nothing to close.",
        )
    )


def too_many_returned(order: str, away: int) -> OrderError:
    """Return the error for more pieces than had gone."""
    return OrderError(
        Words(
            f"Dari pesanan {order} hanya {away} yang keluar. Tulis paling banyak {away}.",
            f"Only {away} of order {order} had gone. Write at most {away}.",
        )
    )


def how_many_returned(order: str) -> OrderError:
    """Return the error for a return whose pieces the channel doesn't name."""
    return OrderError(
        Words(
            f"Toko tidak memberi tahu barang mana dari pesanan {order} yang kembali. Tulis --quantity N dan --sku SKU, "
            "atau --lost.",
            f"The shop doesn't tell which pieces of order {order} come back. Write --quantity N and --sku SKU, or "
            "--lost.",
        )
    )


def no_sale(name: str) -> OrderError:
    """Return the error for a sale that isn't there, or no sale of ours."""
    return OrderError(
        Words(
            f'Tidak ada penjualan "{name[:60]}". Lihat: syncer orders --sales.',
            f'There is no sale "{name[:60]}". See: syncer orders --sales.',
        )
    )


def undone_already(name: str) -> OrderError:
    """Return the error for a sale that was undone before."""
    return OrderError(Words(f"Penjualan {name} sudah dibatalkan.", f"The sale {name} is undone already."))


def bad_number(n: int) -> OrderError:
    """Return the error for a sale of nothing."""
    return OrderError(
        Words(f"Jumlah {n} tidak bisa dijual. Tulis 1 atau lebih.", f"{n} pieces can't be sold. Write 1 or more.")
    )


def bad_price(price: Decimal) -> OrderError:
    """Return the error for a price below zero, or beyond what a price can be."""
    return OrderError(
        Words(
            f"Harga {price:f} tidak bisa dipakai. Tulis 0 atau lebih, paling banyak 12 angka.",
            f"The price {price:f} can't be used. Write 0 or more, at most 12 digits.",
        )
    )


def another_sale(reference: str, was: str, now: str) -> OrderError:
    """Return the error for a reference under which another sale was recorded."""
    return OrderError(
        Words(
            f"Nomor {reference} sudah dipakai untuk penjualan lain: {was}; yang ini {now}. Tidak ada yang dicatat. "
            "Pakai nomor lain untuk penjualan ini.",
            f"The reference {reference} belongs to another sale: {was}; this one is {now}. Nothing was recorded. "
            "Use another reference for this sale.",
        )
    )


def undone_reference(reference: str) -> OrderError:
    """Return the error for the reference of a sale that was undone."""
    return OrderError(
        Words(
            f"Penjualan {reference} sudah dibatalkan. Tidak ada yang dicatat. Pakai nomor lain untuk penjualan ini.",
            f"The sale {reference} was undone. Nothing was recorded. Use another reference for this sale.",
        )
    )


def no_oversell(name: str) -> OrderError:
    """Return the error for an oversell that isn't open."""
    return OrderError(
        Words(
            f'Tidak ada kelebihan jual "{name[:60]}". Lihat: syncer orders oversold.',
            f'There is no open oversell "{name[:60]}". See: syncer orders oversold.',
        )
    )


def bad_partner(name: str) -> OrderError:
    """Return the error for a partner's name that can't be used."""
    return OrderError(
        Words(
            f'Nama mitra "{name[:40]}" tidak bisa dipakai. Tulis 1 sampai 60 huruf.',
            f"The partner's name \"{name[:40]}\" can't be used. Write 1 to 60 letters.",
        )
    )


def partner_is_a_shop(partner: str, account: str) -> OrderError:
    """Return the error for a partner that is called like a shop of ours: its sales may be read already."""
    return OrderError(
        Words(
            f'"{partner[:60]}" adalah nama toko Anda sendiri ({account}). Pesanannya dibaca dari toko itu; daftar ini '
            "bisa menghitungnya dua kali. Tidak ada yang dicatat. Mitra lain? Pakai nama lain untuk --partner. Memang "
            "penjualan yang tidak terbaca dari toko itu? Ulangi dengan --yes.",
            f'"{partner[:60]}" is the name of a shop of yours ({account}). Its orders are read from the shop itself; '
            "this list could count them twice. Nothing was recorded. Another partner? Use another name for --partner. "
            "Sales that are not read from that shop after all? Say it again with --yes.",
        )
    )


def known_of_another_partner(number: int, of: int, other: str) -> OrderError:
    """Return the error for a list whose sales were imported for another partner before."""
    other = other[:60]
    return OrderError(
        Words(
            f'{number} dari {of} penjualan di berkas ini sudah dicatat untuk mitra "{other}": SKU, jumlah, tanggal dan '
            f'nomornya sama. Tidak ada yang dicatat. Berkas yang sama? Pakai --partner "{other}". Memang dijual mitra '
            "ini juga? Ulangi dengan --yes.",
            f'{number} of the {of} sales in this file are recorded for the partner "{other}" already: the same SKU, '
            f'quantity, date and number. Nothing was recorded. The same file? Use --partner "{other}". Sold by this '
            "partner as well? Say it again with --yes.",
        )
    )


def empty_list() -> OrderError:
    """Return the error for a list of sales that is an empty file."""
    return OrderError(
        Words(
            "Berkas ini kosong. Pilih daftar penjualan mitra: SKU, jumlah, tanggal, dan nomor (bila ada).",
            "This file is empty. Choose the partner's list of sales: SKU, quantity, date, and reference (if there is "
            "one).",
        )
    )


def no_sales() -> OrderError:
    """Return the error for a list of sales that has its headings and nothing else."""
    return OrderError(
        Words(
            "Berkas ini tidak berisi penjualan: di bawah judul kolomnya tidak ada baris. Tidak ada yang dicatat.",
            "There are no sales in this file: no row stands below its headings. Nothing was recorded.",
        )
    )


def no_columns(missing: Sequence[str]) -> OrderError:
    """Return the error for a list of sales without a column that it needs."""
    listed = ", ".join(missing)
    return OrderError(
        Words(
            f"Berkas ini tidak punya kolom {listed}. Kolomnya: SKU, jumlah, tanggal, dan nomor (bila ada).",
            f"This file has no column {listed}. Its columns are: SKU, quantity, date, and reference (if there is one).",
        )
    )

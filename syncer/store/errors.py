"""What can go wrong with the store, in words that a person can act on."""

from __future__ import annotations

from syncer.domain.words import SyncerError, Words


class StoreError(SyncerError):
    """The database cannot do what was asked; nothing of the transaction was kept."""


class StoreBusy(StoreError):
    """Another process kept the database locked for too long; the same command may be given again."""


class StoreFull(StoreError):
    """There is no room left on the disk."""


class StoreReadOnly(StoreError):
    """The database file, or its folder, may not be written by this user."""


class StoreDamaged(StoreError):
    """The file is not a database, or it is damaged."""


class StoreUnreachable(StoreError):
    """The database server does not answer, or ended the connection."""


class StoreNotReady(StoreError):
    """The tables are missing or older than this program."""


class StoreAddressInvalid(StoreError):
    """SYNCER_DATABASE_URL is not an address of a database that Syncer can use."""


def busy(where: str, waited_s: float = 0) -> StoreBusy:
    """Return the error for a database that stayed locked for ``waited_s`` seconds (0: not known)."""
    waited = (f" (sudah menunggu {waited_s:.0f} detik)", f" (waited {waited_s:.0f} seconds)") if waited_s else ("", "")
    return StoreBusy(
        Words(
            id=f"Basis data {where} sedang dipakai proses lain{waited[0]}. Tunggu pekerjaan itu selesai, lalu ulangi.",
            en=f"The database {where} is in use by another process{waited[1]}. Wait until that work has ended, "
            "then try again.",
        )
    )


def full(where: str) -> StoreFull:
    """Return the error for a full disk."""
    return StoreFull(
        Words(
            id=f"Disk penuh: {where} tidak bisa menyimpan. Hapus berkas yang tidak perlu, lalu ulangi. "
            "Yang sudah tersimpan tetap aman.",
            en=f"The disk is full: {where} cannot be saved to. Remove files that you do not need, then try "
            "again. What was saved before is safe.",
        )
    )


def read_only(where: str) -> StoreReadOnly:
    """Return the error for a database that this user may not write."""
    return StoreReadOnly(
        Words(
            id=f"Basis data {where} tidak boleh ditulis oleh pengguna ini. Periksa pemilik dan izin berkas "
            "serta foldernya.",
            en=f"The database {where} may not be written by this user. Check who owns the file and its "
            "folder, and their permissions.",
        )
    )


def cannot_open(where: str) -> StoreReadOnly:
    """Return the error for a database file that cannot be opened or made."""
    return StoreReadOnly(
        Words(
            id=f"Basis data {where} tidak bisa dibuka. Periksa apakah foldernya ada dan boleh ditulis, atau "
            "ubah SYNCER_DATABASE_URL.",
            en=f"The database {where} cannot be opened. Check that its folder exists and may be written, or "
            "change SYNCER_DATABASE_URL.",
        )
    )


def damaged(where: str) -> StoreDamaged:
    """Return the error for a file that is no database, or a damaged one."""
    return StoreDamaged(
        Words(
            id=f"Berkas {where} bukan basis data Syncer atau rusak. Kembalikan cadangan terakhir dengan "
            "`syncer db restore`.",
            en=f"The file {where} is not a Syncer database, or it is damaged. Take back the last backup with "
            "`syncer db restore`.",
        )
    )


def disk_failed(where: str) -> StoreError:
    """Return the error for a disk that reports read or write errors."""
    return StoreError(
        Words(
            id=f"Disk gagal membaca atau menulis {where}. Periksa disk, lalu ulangi.",
            en=f"The disk failed to read or write {where}. Check the disk, then try again.",
        )
    )


def unreachable(where: str) -> StoreUnreachable:
    """Return the error for a database server that does not answer."""
    return StoreUnreachable(
        Words(
            id=f"Server basis data {where} tidak menjawab atau menolak masuk. Periksa apakah server itu "
            "hidup dan SYNCER_DATABASE_URL benar.",
            en=f"The database server {where} does not answer, or refuses the sign-in. Check that it runs and "
            "that SYNCER_DATABASE_URL is right.",
        )
    )


def not_ready(where: str) -> StoreNotReady:
    """Return the error for a database without our tables, or with older ones."""
    return StoreNotReady(
        Words(
            id=f"Tabel di {where} belum ada atau masih versi lama. Jalankan `syncer db upgrade`.",
            en=f"The tables in {where} are missing or of an older version. Run `syncer db upgrade`.",
        )
    )


def newer(where: str) -> StoreNotReady:
    """Return the error for a database that a newer program has upgraded."""
    return StoreNotReady(
        Words(
            id=f"Basis data {where} dibuat oleh Syncer yang lebih baru. Pasang versi terbaru Syncer.",
            en=f"The database {where} was made by a newer Syncer. Install the latest version of Syncer.",
        )
    )


def bad_address() -> StoreAddressInvalid:
    """Return the error for an address that we cannot use; the address is not repeated, it may hold a password."""
    return StoreAddressInvalid(
        Words(
            id="SYNCER_DATABASE_URL tidak dikenal. Contoh yang benar: sqlite:////home/sari/syncer.db atau "
            "postgresql://nama:sandi@server/syncer.",
            en="SYNCER_DATABASE_URL is not understood. Right examples: sqlite:////home/sari/syncer.db or "
            "postgresql://name:password@server/syncer.",
        )
    )

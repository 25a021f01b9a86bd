"""What an account at Koperasi is set up with."""

from __future__ import annotations

from pydantic import Field

from syncer.sdk.options import Options, SecretStr

LIVE_URL = "https://api.koperasi.example"


class KoperasiOptions(Options):
    """Options of one stall. The first sentence of each description is the flag's help."""

    help_id = {
        "base_url": "Alamat API. Bila kosong, yang sungguhan.",
        "stall": "Nomor lapak Anda, dari surat sambutan.",
        "key": "Kunci lapak Anda. Tidak berubah kecuali Anda minta yang baru.",
        "media_url": "Alamat tempat foto Anda bisa diambil. Koperasi menerima alamat, bukan berkas.",
    }

    base_url: str = Field(LIVE_URL, description="API address. The live one by default.", pattern=r"^https?://[^/\s]+$")
    stall: str = Field(description="Number of your stall, from the letter of welcome.", pattern=r"^[A-Z]-\d{1,9}$")
    key: SecretStr = Field(description="Key of your stall. It never changes unless you ask for a new one.")
    media_url: str = Field(
        "https://media.example/photos",
        description="Address under which your photos can be fetched. Koperasi takes addresses, not files.",
        pattern=r"^https://[^\s]+$",
    )

"""Finding published weights in the libraries' own caches, and downloading them there."""

from __future__ import annotations

import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch

from headstart.base.environment import silence
from headstart.base.errors import WeightsError
from headstart.base.files import sha256_of_file

with silence():  # it says who asks for a file otherwise: the version of torch, and a helper program that types for you
    import huggingface_hub
    from huggingface_hub import constants
    from huggingface_hub.errors import EntryNotFoundError

_PATIENCE = 5.0  # seconds until a hub that does not answer counts as unreachable
_OFFLINE_VARIABLES = ("HEADSTART_OFFLINE", "HF_HUB_OFFLINE")
_SAFE = "model.safetensors"
_UNSAFE = "pytorch_model.bin"


@dataclass(frozen=True)
class Published:
    """Where a library publishes weights: a repository of the hub, or an address, or neither.

    Parameters
    ----------
    network : str
        The network's name.
    repository : str
        On the Hugging Face hub; empty where there is none.
    file : str
        In that repository, if not the usual one.
    url : str
        Of the file, for torch's own cache.
    """

    network: str
    repository: str = ""
    file: str = ""
    url: str = ""

    @property
    def torch_path(self) -> Path:
        """Where torch's cache keeps the file of `url`."""
        return Path(torch.hub.get_dir()) / "checkpoints" / Path(urlsplit(self.url).path).name

    @property
    def place(self) -> str:
        """The path that a copy of the weights can be put at, for people without a network."""
        if self.repository:
            folder = f"models--{self.repository.partition('@')[0].replace('/', '--')}"
            return str(Path(constants.HF_HUB_CACHE) / folder)
        return str(self.torch_path)

    def cached(self) -> Path | None:
        """Return the file in a cache, or None; the network is not touched."""
        if self.repository:
            repository, _, revision = self.repository.partition("@")
            for file in self._files():
                found = huggingface_hub.try_to_load_from_cache(repository, file, revision=revision or None)
                if isinstance(found, str):
                    return Path(found)
        return self.torch_path if self.url and self.torch_path.is_file() else None

    def download(self) -> Path:
        """Download the file into its library's cache and return its path.

        Raises
        ------
        WeightsError
            If the hub does not answer within seconds, or refuses.
        """
        try:
            if self.repository:
                _knock(constants.ENDPOINT)
                with silence():  # the hub's fast client, native code, would also report how the transfer went
                    return self._from_hub()
            _knock(self.url)
            self.torch_path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(self.url, str(self.torch_path), _hash_in(self.torch_path.name))
        except (OSError, RuntimeError, EntryNotFoundError) as error:
            text = str(getattr(error, "reason", error)).strip() or type(error).__name__
            reason = text.splitlines()[0][:200]
            raise self.missing(f"could not be downloaded ({reason})") from error
        return self.torch_path

    def missing(self, reason: str) -> WeightsError:
        """Return the error that names the ways out."""
        return WeightsError(
            f"The pre-trained weights of '{self.network}' {reason}.",
            hint="Use a network whose weights come as a package (--backbone tf_efficientnet_lite0); or "
            "give a file with --weights FILE; or connect to the internet once, or copy the weights from "
            f"a computer that has them to '{self.place}'.",
        )

    def _files(self) -> list[str]:
        if not self.file:
            return [_SAFE, _UNSAFE]
        return [str(Path(self.file).with_suffix(".safetensors")), self.file]

    def _from_hub(self) -> Path:
        repository, _, revision = self.repository.partition("@")
        *preferred, last = dict.fromkeys(self._files())
        for file in preferred:
            try:
                return Path(huggingface_hub.hf_hub_download(repository, file, revision=revision or None))
            except EntryNotFoundError:
                continue
        return Path(huggingface_hub.hf_hub_download(repository, last, revision=revision or None))


def is_offline(*, asked: bool) -> bool:
    """Return whether the network must not be touched: the user said so, or the environment does."""
    return asked or any(
        os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on") for name in _OFFLINE_VARIABLES
    )


def checked_hash(path: Path) -> str:
    """Return the SHA-256 of a file in a cache, checked against the one in its name where there is one.

    Raises
    ------
    WeightsError
        If the file is damaged.
    """
    found = sha256_of_file(path)
    if not found.startswith(expected_hash(path)):
        raise WeightsError(
            f"The weights in '{path}' are damaged (their SHA-256 is {found}).",
            hint="Delete that file and run the same command again; it is then downloaded again.",
        )
    return found


def expected_hash(path: Path) -> str:
    """Return what is known of a cached file's SHA-256: all of it, its start, or nothing."""
    # The hub's cache links to files named by their hash; torch's names end in its first digits.
    blob = path.resolve().name
    return blob if re.fullmatch(r"[0-9a-f]{64}", blob) else _hash_in(path.name) or ""


def _hash_in(file_name: str) -> str | None:
    match = re.search(r"-([0-9a-f]{8,64})\.", file_name)
    return match[1] if match else None


def _knock(url: str) -> None:
    """Ask whether the host answers: the libraries themselves would try for minutes."""
    host = urlsplit(url)
    request: Any = urllib.request.Request(f"{host.scheme}://{host.netloc}/", method="HEAD")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE):  # noqa: S310  the libraries' own addresses
            return
    except urllib.error.HTTPError as answer:
        answer.close()  # whatever it says, somebody is there

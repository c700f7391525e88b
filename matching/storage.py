"""Storage: arrays in one file, mapped into memory rather than read.

A vocabulary of 14,000 skills is 30 to 90 MB of vectors. Several processes of one machine share
the pages of one mapped file, and a process that reads a single phrase pays for no copy. The
file is an ordinary uncompressed ``.npz``, so `numpy.load` opens it too. It appears whole or not
at all: it is written beside its place and then renamed.
"""

from __future__ import annotations

import os
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

# A local header of a zip member: 30 bytes, the last two numbers are the lengths of what follows.
_LOCAL_HEADER = struct.Struct("<26x2H")


class DamagedFileError(ValueError):
    """The file is not one that `write` made.

    Attributes
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a vocabulary file, or it is damaged")
        self.path = path


def write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write `arrays` to `path`, whole or not at all.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        os.fchmod(handle, 0o644)  # labels and vectors are no secret: other processes map them
        with os.fdopen(handle, "wb") as file:
            np.savez(file, allow_pickle=False, **dict(arrays))
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def mapped(path: Path) -> Arrays:
    """Return the arrays of `path`, read-only and mapped.

    Raises
    ------
    FileNotFoundError
    DamagedFileError
        When it is not an uncompressed npz.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                member.filename.removesuffix(".npy"): _mapped_member(path, member)
                for member in archive.infolist()
            }
    except (zipfile.BadZipFile, ValueError, struct.error, EOFError) as error:
        raise DamagedFileError(path) from error


def _mapped_member(path: Path, member: zipfile.ZipInfo) -> NDArray[Any]:
    if member.compress_type != zipfile.ZIP_STORED:
        raise ValueError(member.filename)
    with path.open("rb") as file:
        file.seek(member.header_offset)
        file.seek(sum(_LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))), os.SEEK_CUR)
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, dtype = read(file)
        if not all(shape):
            return np.zeros(shape, dtype)
        order: Any = "F" if fortran else "C"
        return np.memmap(path, dtype, "r", file.tell(), shape, order)

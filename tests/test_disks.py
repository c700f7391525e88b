"""SQLite is not opened where another machine could write to it too."""

from __future__ import annotations

from pathlib import Path

import pytest

from serendipity import disks
from serendipity.errors import ConfigurationError

MOUNTS = """\
/dev/vda1 / ext4 rw 0 0
server:/export /srv/shared nfs4 rw 0 0
//nas/data /mnt/with\\040space cifs rw 0 0
/dev/vdb1 /srv/shared/local xfs rw 0 0
"""


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    path = tmp_path / "mounts"
    path.write_text(MOUNTS)
    return path


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/lieu", "ext4"),
        ("/srv/shared", "nfs4"),
        ("/srv/shared/instance", "nfs4"),
        ("/srv/shared/local/instance", "xfs"),
        ("/srv/shared-not", "ext4"),
        ("/mnt/with space", "cifs"),
    ],
)
def test_a_folder_is_on_the_filesystem_of_its_nearest_mount(
    mounts: Path, folder: str, kind: str
) -> None:
    assert disks.filesystem_of(Path(folder), mounts) == kind


@pytest.mark.parametrize("folder", ["/srv/shared/instance", "/mnt/with space"])
def test_sqlite_on_a_network_filesystem_is_refused(mounts: Path, folder: str) -> None:
    with pytest.raises(ConfigurationError, match="network filesystem"):
        disks.refuse_network(f"sqlite:///{folder}/serendipity.sqlite", mounts)


@pytest.mark.parametrize(
    "url",
    ["sqlite:////home/lieu/serendipity.sqlite", "sqlite://", "sqlite:///:memory:",
     "postgresql+psycopg://host/srv/shared"],
)  # fmt: skip
def test_a_local_disk_memory_and_a_server_are_taken(mounts: Path, url: str) -> None:
    disks.refuse_network(url, mounts)

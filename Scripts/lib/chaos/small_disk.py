"""A disk for the data directory alone, small enough to be filled."""

import os
import shutil
import subprocess
import time

IMAGE_BYTES = 16 << 30  # sparse: only what is written takes space where the image lies
LARGEST_BITE = 1 << 30
BLOCK = 4096


class NoDisk(Exception):
    """Why there can be no such disk here."""


class SmallDisk:
    """An ext4 image behind a loop device, mounted in the mount namespace of this process."""

    def __init__(self, image, directory):
        self.image, self.directory = image, directory
        self.ballast = os.path.join(directory, "ballast")

    def mount(self):
        for tool in ["mkfs.ext4", "mount", "umount"]:
            if not shutil.which(tool):
                raise NoDisk(f"there is no {tool}")
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_BYTES)
        # No blocks set aside for root, or it would never be full for us; few inodes, for few files.
        self.run("mkfs.ext4", "-q", "-F", "-m", "0", "-N", "8192", self.image)
        os.makedirs(self.directory)
        self.run("mount", "-o", "loop", self.image, self.directory)

    def share(self, outside, inside):
        """What lies in `inside`, on this disk, lies outside of it: it does not run out of space."""
        os.makedirs(outside)
        os.makedirs(inside)
        self.run("mount", "--bind", outside, inside)

    def fill(self):
        """Takes all the space there is; called again, what has become free since."""
        bite = LARGEST_BITE
        with open(self.ballast, "ab") as file:
            while bite >= BLOCK and (available := self.available()):
                bite = min(bite, available)
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, bite)
                except OSError:
                    bite //= 2

    def available(self):
        """Bytes that can still be allocated."""
        status = os.statvfs(self.directory)
        return status.f_bavail * status.f_frsize

    def free(self):
        if os.path.exists(self.ballast):
            os.truncate(self.ballast, 0)
            os.remove(self.ballast)

    def unmount(self):
        # A process that was killed may hold its files for a moment longer.
        deadline = time.monotonic() + 10
        while subprocess.run(["umount", "--recursive", self.directory], capture_output=True).returncode != 0:
            if not os.path.ismount(self.directory):
                return
            if time.monotonic() > deadline:
                return self.run("umount", "--recursive", "--lazy", self.directory)
            time.sleep(0.1)

    @staticmethod
    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise NoDisk(f"{command[0]} says: {(done.stderr or done.stdout).strip()}")

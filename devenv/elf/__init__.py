"""ELF images, read and patched in memory.

A bundle is relocated by giving every program the bundle's own loader and search path. The tool for that is `patchelf`;
we do it ourselves because relocation is what devenv owns: one pass inside the builder's stream instead of a process and
several copies of every file, the same bytes on every machine, and no binary to ship for each platform.

`tables` reads the tables of an image, `image` says what it asks of its loader, `patch` changes that, and `seal` takes
the host's directories out of the loader and the C library. Nothing here touches the disk.
"""

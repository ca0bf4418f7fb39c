"""IPTC-IIM in JPEG: captions and credits as press agencies write them, in Photoshop's block of an APP13 segment. (TIFF
has a field for it, see `tiff`.)

Sources: IPTC-NAA Information Interchange Model 4.2; Adobe Photoshop File Formats Specification, Image Resource Blocks.
"""

import struct

BLOCK = 0x0404  # of Photoshop's blocks the one that holds it


def of_blocks(blocks: object) -> bytes | None:
    """The IPTC-IIM bytes among Photoshop's blocks as Pillow reads them, number -> content."""
    found = blocks.get(BLOCK) if isinstance(blocks, dict) else None
    return found if isinstance(found, bytes) and found else None


def segment(iptc: bytes) -> bytes:
    """The whole APP13 segment of a JPEG that holds it; at most 65 thousand bytes fit."""
    block = b"8BIM" + struct.pack(">HHI", BLOCK, 0, len(iptc)) + iptc + bytes(len(iptc) % 2)
    content = b"Photoshop 3.0\0" + block
    return b"\xff\xed" + struct.pack(">H", len(content) + 2) + content

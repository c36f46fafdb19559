"""A definition's code as bytes, for a process of our own: cloudpickle, and what it cannot carry by itself.

A class of a notebook goes by value, one of a module by the module's name.  A message class that was compiled in a cell is
carried as the descriptors of its file, and made from them there.
"""

from __future__ import annotations

import functools
import io
import sys
from typing import Any

from google.protobuf.message import Message

from runtime.authoring.definition import ActorDefinition
from runtime.wire.codecs.messages import class_from_files, files_of, message_of


def carried(definition: ActorDefinition) -> bytes:
    """For `pickle.loads` in a child of this process, and nowhere else.

    Raises:
        Exception: something that the code uses cannot be carried; whatever that raises.
    """
    buffer = io.BytesIO()
    _pickler()(buffer).dump(definition)
    return buffer.getvalue()


@functools.cache
def _pickler() -> Any:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, type) and issubclass(value, Message) and not _is_importable(value):
                return class_from_files, (files_of(value), value.DESCRIPTOR.full_name)
            if isinstance(value, Message) and not _is_importable(type(value)):
                return message_of, (type(value), value.SerializeToString(deterministic=True))
            return super().reducer_override(value)

    return Pickler


def _is_importable(message_class: type) -> bool:
    module = sys.modules.get(message_class.__module__)
    return getattr(module, message_class.__qualname__, None) is message_class

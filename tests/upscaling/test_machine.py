import os

from wassr.upscaling.machine import free_memory, keep_memory, out_of_memory, resident_memory, threads_for, usable_cores


def test_the_machine_is_known() -> None:
    assert usable_cores() >= 1
    assert free_memory() > 1 << 20
    assert resident_memory() > 1 << 20
    assert keep_memory() in (True, False)


def test_memory_errors_are_told_from_others() -> None:
    assert out_of_memory(MemoryError())
    assert out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate 3 GiB"))
    assert out_of_memory(RuntimeError("std::bad_alloc"))
    assert not out_of_memory(RuntimeError("kernel failed"))


def test_threads_may_be_some_more_than_cores_but_not_any_number() -> None:
    cores = os.cpu_count() or 1
    assert threads_for(0) == usable_cores()
    assert [threads_for(n) for n in (1, cores, 2 * cores)] == [1, cores, 2 * cores]
    assert threads_for(100_000) == 4 * max(cores, usable_cores())

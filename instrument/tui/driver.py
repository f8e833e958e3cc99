"""Textual's driver on Unix, for terminals that send bytes which are no text: they are skipped, and typing goes on."""

from __future__ import annotations

from textual.driver import Driver


def patient(driver: type[Driver]) -> type[Driver]:
    """The same driver, reading on after a byte that is no UTF-8; others than the Unix one are left as they are."""
    if driver.__name__ != "LinuxDriver":
        return driver

    def run_input_thread(self: Driver) -> None:
        while True:
            try:
                read(self)
            except UnicodeDecodeError:
                if self.exit_event.is_set():  # type: ignore[attr-defined]
                    return
            else:
                return

    read = driver.run_input_thread  # type: ignore[attr-defined]
    return type("PatientDriver", (driver,), {"run_input_thread": run_input_thread})

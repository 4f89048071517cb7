"""The servers that tests here may ask for."""

from lab.fixtures import (kafka, kafka010, kafka11, kafka3, kafka39,  # noqa: F401
                          secured_kafka)


def pytest_runtest_makereport(item, call):
    """A failed test shows what its brokers say."""
    if call.excinfo is not None and call.when == "call":
        for value in getattr(item, "funcargs", {}).values():
            if hasattr(value, "log_ends"):
                item.add_report_section("call", "brokers", value.log_ends())

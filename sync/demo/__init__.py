"""The demonstration: seeded, deterministic in what it draws, and marked 演示数据·虚构 wherever it shows."""

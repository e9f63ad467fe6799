import pytest

from eventlog.log.partitions import partition_of
from tests.support.partition_vectors import PARTITION_VECTORS


@pytest.mark.parametrize(("topic", "partitions", "partition"), PARTITION_VECTORS)
def test_a_topic_lives_in_the_partition_that_its_sha256_names(
    topic: str, partitions: int, partition: int
) -> None:
    assert partition_of(topic, partitions) == partition

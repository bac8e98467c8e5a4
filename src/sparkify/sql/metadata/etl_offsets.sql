/*
about: how far each partition of a topic was read; it moves on in the transaction that loads the messages
key: cluster_id, topic, topic_id, partition_no
columns:
  cluster_id      VARCHAR    not null  id of the Kafka cluster
  topic           VARCHAR    not null  name of the topic
  topic_id        VARCHAR    not null  id of the topic; a topic that is made again gets another
  partition_no    BIGINT     not null  number of the partition, from 0
  file_id         BIGINT     not null  the partition's row in etl_files
  first_offset    BIGINT     not null  the offset at which reading began
  next_offset     BIGINT     not null  the offset at which the next run begins
  tombstones      BIGINT     not null  messages without a value; nothing is loaded for them
  without_record  BIGINT     not null  offsets of aborted, compacted and control records
  lost            BIGINT     not null  offsets that the broker deleted before they were read, as the user accepted
  last_time       TIMESTAMP            time of the last message that was read, UTC
  run_id          BIGINT     not null  the run that moved it on last
*/

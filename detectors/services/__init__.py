"""The services of a partition: what looks at more than one series.

service       all that is known of one service, and when its series may learn
  fused       what is found of them
patience      which service may be silent as a whole next
room          which series give way when there are too many
"""

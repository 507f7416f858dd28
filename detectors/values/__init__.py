"""What judges the values of one series.

level         is this value usual, here and now?
  seasons, profile  the usual by the time of the day and the hour of the week
  tail        how rare is it beyond the largest of late?
  habit       what keeps coming is less and less of a surprise
  beginning, shift  cold starts; levels that move for good
recurrence    what comes daily at its time is known
whole         what is counted is expected at whole numbers
stuck         a value that no longer moves
objective     beyond a limit now
"""

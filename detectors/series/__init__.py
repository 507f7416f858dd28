"""The series of a partition: all that is known of one of them lies in one record of bytes.

bank          all of them, each made on first sight; whether a score is news
  placed      where each detector keeps its part of a record
  siblings    what a new instance takes over from those before it
  trace       the latest samples, for pictures
"""

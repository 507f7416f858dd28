"""When a series will be beyond the limit of an objective.

trend         on its way there: by samples, and by means of them
  heading     one of the two, with an interval and a confidence
  ramp        lines and bends
  steepness, peak  what is no trend: usual slopes; the highest of late
  foretold    what became of earlier forecasts corrects the next
"""

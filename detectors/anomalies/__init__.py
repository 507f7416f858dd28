"""From the findings of a service to at most one open anomaly.

agreement     series that are unusual together
findings      what is found and foreseen, in order
opened        the anomaly as it was told, and what would be news of it
fusion        what opens an anomaly, what is worth an update, what ends it
  selected    the same without the detectors that are switched off
  outlook     what the incidents of the past say, and how much that weighs
"""

"""What happened over the epochs of trainings: pictures, a table, and a recommendation in words.

Everything here is read from run folders; no net is loaded. `studied` holds the rows, `verdict` chooses and says why,
`pictures` draws, `table` lists, `report` writes it all.
"""

"""Two motions aligned in time: what is compared, the warping path, where the query occurs, and scores."""

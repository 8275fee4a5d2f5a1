-- The search by meaning and the search by words, fused by rank: each list adds 1 / (60 + rank) to
-- its passages (reciprocal rank fusion). Documents of nobody, '', are everyone's.
WITH mine AS (
    SELECT ctid AS id, * FROM passages WHERE owner IN (%(user)s, '') AND model = %(model)s
), meant AS (
    SELECT id, row_number() OVER (ORDER BY vector <=> %(vector)s::vector) AS rank
    FROM mine ORDER BY rank LIMIT %(candidates)s
), written AS (
    SELECT id, row_number() OVER (ORDER BY ts_rank_cd(words, query) DESC, id) AS rank
    FROM mine, websearch_to_tsquery('english', %(words)s) AS query
    WHERE words @@ query ORDER BY rank LIMIT %(candidates)s
), fused AS (
    SELECT id, sum(1.0 / (60 + rank)) AS points
    FROM (SELECT * FROM meant UNION ALL SELECT * FROM written) AS both_lists GROUP BY id
)
SELECT name, place, content AS text, points::float AS score
FROM fused JOIN mine USING (id) ORDER BY points DESC, id LIMIT %(candidates)s

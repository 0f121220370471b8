-- Ends a statement that saves a batch where one of its parts touched another number of rows than it
-- must: somebody was faster, and the batch is decided anew.
CREATE FUNCTION must_touch(touched bigint[], wanted bigint[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF touched <> wanted THEN
        RAISE EXCEPTION 'somebody was faster: % of % rows', touched, wanted USING ERRCODE = '40001';
    END IF;
    RETURN true;
END
$$;

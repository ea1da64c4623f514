-- Thousands of rows: indexes, joins, aggregates, windows, recursive queries, triggers, transactions, full text, integrity.
.bail on
.headers on
pragma page_size = 1024;
create table t(id integer primary key, a integer, b real, c text);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 12000)
insert into t select i, (i * 7919) % 10007, i / 7.0 - 100, printf('%08x', (i * 2654435761) & 4294967295) from n;
select count(*), sum(a), total(b), min(c), max(c), avg(a) from t;
create index ta on t(a); create index tc on t(c, b desc);
select id, a, b, c from t where a between 500 and 503 order by a, id;
select substr(c, 1, 1) as k, count(*), sum(a), round(avg(b), 6), group_concat(id % 10, '') like '%123%' from t group by k order by k;
create table u(a integer, name text);
insert into u select distinct a % 50, 'n' || (a % 50) from t;
select name, count(*), sum(b) from t join u on t.a % 50 = u.a group by name order by count(*) desc, name limit 5;
select id, a, sum(a) over (order by id rows between 2 preceding and current row) s, rank() over (order by a) r, ntile(4) over (order by b) q from t where id < 8 order by id;
with recursive mandelbrot(x, y, cx, cy, i) as (
  select 0.0, 0.0, xs.v, ys.v, 0 from (select -2.0 + 0.0625 * (id - 1) v from t where id <= 45) xs, (select -1.2 + 0.15 * (id - 1) v from t where id <= 17) ys
  union all select x * x - y * y + cx, 2.0 * x * y + cy, cx, cy, i + 1 from mandelbrot where x * x + y * y < 4.0 and i < 24),
m(cx, cy, i) as (select cx, cy, max(i) from mandelbrot group by cx, cy)
select group_concat(substr(' .+*#@', 1 + min(i / 4, 5), 1), '') line from (select * from m order by cy, cx) group by cy;
create table log(n integer, what text);
create trigger tu after update on t when old.a <> new.a begin insert into log values (new.id, old.a || '>' || new.a); end;
begin; update t set a = a + 1 where id % 1000 = 0; savepoint s; delete from t where id > 100; select count(*) from t; rollback to s; commit;
select * from log; select count(*) from t;
create virtual table f using fts5(body);
insert into f select c || ' ' || printf('word%d', id % 37) || ' alpha' from t where id < 2000;
select count(*) from f where f match 'word5 and alpha'; select rowid from f where f match 'word36*' order by rowid limit 3;
select json_extract('{"a":[1,2.5,{"b":"x"}]}', '$.a[2].b'), json_group_array(a) from t where id < 6;
select 1 / 3, 1.0 / 3, 7 % -3, -7 / 2, 1e308 * 10, 9223372036854775807 + 1, cast('12abc' as integer), typeof(1e3), hex(zeroblob(3)), round(2.5), 0.1 + 0.2, 1e23, 5e-324;
select datetime(0, 'unixepoch'), julianday('2024-02-29'), strftime('%j %W', '2024-12-31');
select quote(x'0102ff'), unicode('é'), upper('abc'), replace('aXbX', 'X', '--'), instr('hello', 'l'), 'a' < 'B' collate nocase;
vacuum; pragma integrity_check;

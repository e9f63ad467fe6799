SELECT looked FROM looks WHERE way = :way AND path = :path

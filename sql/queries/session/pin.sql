SET {name} = {values}

"""Spanish word lists."""

from traffic.words.language import Language, words

SPANISH = Language(
    code="es",
    domains=(
        words(
            """
            la masa madre; las legumbres; el afilado de cuchillos; los encurtidos; el café molido;
            las sartenes de hierro; el pan de centeno; los caldos
            """
        ),
        words(
            """
            el interés compuesto; las fianzas de alquiler; los fondos indexados; las comisiones bancarias;
            la amortización; los tipos de cambio; las nóminas; las pensiones
            """
        ),
        words(
            """
            la fotosíntesis; las placas tectónicas; las mareas; las enzimas; los superconductores; los glaciares;
            la migración de las aves; los arrecifes
            """
        ),
        words(
            """
            los árboles binarios; las condiciones de carrera; los índices de bases de datos;
            las expresiones regulares; el balanceo de carga; la memoria caché; la inferencia de tipos;
            los reintentos
            """
        ),
        words(
            """
            la Liga Hanseática; la imprenta; los canales; los gremios; las rutas de la seda; los faros;
            los primeros ferrocarriles; los impuestos sobre la sal
            """
        ),
        words(
            """
            el dolor de espalda; la higiene del sueño; la anemia; la técnica de carrera; las migrañas;
            los implantes dentales; la alergia al polen; la tensión arterial
            """
        ),
        words(
            """
            las ecuaciones cuadráticas; la probabilidad condicionada; los números primos; las matrices;
            los límites; los grafos; la aritmética modular; los campos vectoriales
            """
        ),
    ),
    aspects=words(
        """
        la historia; los errores comunes; los costes; el mecanismo; la seguridad; un ejemplo resuelto;
        la terminología; los casos límite; el mantenimiento; la medición; las alternativas; los primeros pasos;
        los mitos; las diferencias regionales
        """
    ),
    audiences=words(
        """
        una clase de secundaria; un compañero nuevo; lectores escépticos; aprendices; un comité; mi abuela;
        ingenieros; principiantes; un examen; el equipo de soporte
        """
    ),
    tasks=words(
        """
        Explica {a} de {s} para {u}.
        Redacta {n} preguntas breves sobre {s}, con respuestas, para {u}.
        Compara dos puntos de vista sobre {s} teniendo en cuenta {a}.
        Enumera {n} hechos sobre {s} relacionados con {a}.
        Prepara un resumen de una página sobre {s} para {u} e incluye {a}.
        Resume lo que se sabe de {a} en el contexto de {s}.
        Convierte lo básico de {s} en una lista de {n} puntos para {u}.
        Argumenta a favor y en contra del consejo habitual sobre {s} y valora {a}.
        Crea un glosario de {n} términos sobre {s} para {u}.
        Describe un caso realista en el que {a} decide el resultado, sobre {s}.
        Justifica ante {u} por qué {s} es más difícil de lo que parece.
        {s}: {n} preguntas con respuestas sobre {a}.
        {s} en {n} frases, luego {a}, para {u}.
        """
    ),
    asks=words(
        """
        una duda rápida sobre {s}, qué debo saber?
        me ayudas con {s}? {t} no funciona bien
        es normal que {s} tarde {n} días
        escribe a {p} un mensaje amable por {t}, lo necesito mañana
        estoy en {l} y busco consejo sobre {s}
        {p} dice que {s} es cuestión de {a}, es verdad?
        revisa esta frase: "{p} llevó {t} a {l} y {v}"
        ideas para {a} de {s}, por favor
        """
    ),
    follow_ups=words(
        """
        más corto por favor; y por qué?; qué hay de {a}; ponlo en una tabla; no funcionó; dame {n} más;
        gracias, ahora la segunda parte; con palabras más sencillas; estás seguro?; continúa
        """
    ),
    people=words(
        """
        Marta; Joaquín; Lucía; Bruno; la señora Ortiz; Samuel; Inés; el casero; nuestra profesora; el vecino;
        mi hermana; el becario
        """
    ),
    places=words(
        """
        Girona; Oviedo; Mérida; Rosario; Valdivia; Cuenca; el taller; el almacén; Tarija; Lugo; la oficina norte;
        Querétaro
        """
    ),
    things=words(
        """
        el hervidor; la carpeta; la batería; el sobre; el sensor; el soporte; el cuaderno; el cable; el paquete;
        la lámpara; el filtro; la impresora; la válvula; la cámara
        """
    ),
    happenings=words(
        """
        pidió un reembolso; cambió el horario; encontró una grieta; firmó el formulario; perdió el tren;
        olvidó la contraseña; comparó los precios; llamó a la oficina; esperó bajo la lluvia;
        contó las existencias
        """
    ),
    sentences=words(
        """
        {p} llegó a {l} con {t} y {v}.
        Después de {n} días faltaba {t}, así que {p} {v}.
        El informe sobre {s} menciona {t} {n} veces.
        Según {p}, {s} tuvo poco que ver.
        La reunión en {l} sobre {s} duró {n} horas.
        {p} había leído sobre {s} y {v}.
        En la página {n} hay una nota sobre {s}.
        La entrega de {t} tardó {n} días.
        """
    ),
    lead_ins=words(
        """
        Ayer,; La semana pasada,; El martes,; La verdad,; Que yo sepa,; En resumen,; Por cierto,; Desde marzo,;
        Al principio,; Más tarde,; Curiosamente,; Para que conste,; Esta mañana,; Otra vez,
        """
    ),
    openers=words(
        """
        Eres {r}, {q}.
        Actúa como {r}.
        Responde como lo haría {r} {q}.
        Imagina que trabajas como {r}.
        Como {r}, ayuda con la tarea siguiente.
        Esto va para {r} {q}.
        Sé mi {r} por esta vez.
        """
    ),
    roles=words(
        """
        editora; tutor; consultora; bibliotecario; analista; traductora; examinador; ingeniera; investigador;
        redactora; profesor; revisora; planificador; historiadora
        """
    ),
    qualities=words(
        """
        con mucho cuidado; con paciencia; con experiencia; con rigor; con buen humor; en pocas palabras;
        con sentido crítico; con neutralidad; con calma
        """
    ),
    demands=words(
        """
        Piénsalo bien antes de responder.; Sé completo y preciso.; No repitas la pregunta.;
        Justifica cada afirmación.; Usa palabras sencillas.; Indica lo que es incierto.
        """
    ),
    formats=words(
        """
        Devuelve el resultado como {f}, {w}.
        Responde con {f}, {w}.
        Quiero {f}, {w}.
        Escribe {f}, {w}.
        """
    ),
    forms=words(
        """
        una lista numerada; una tabla; JSON; YAML; párrafos cortos; un solo párrafo; viñetas; una carta breve;
        un diálogo; una nota interna; preguntas y respuestas; texto corrido
        """
    ),
    manners=words(
        """
        sin introducción; en {n}00 palabras como máximo; con un resumen al final; con palabras sencillas;
        con los términos en negrita; nombrando las dudas; sin ejemplos; en presente; con un contraejemplo;
        sin despedida; para imprimir
        """
    ),
    jobs=words(
        """
        Clasifica el texto siguiente como queja, pregunta, elogio u otro:
        Resume el texto en dos frases:
        Extrae nombres, lugares e importes del pasaje:
        Traduce al inglés y conserva el tono:
        Escribe una respuesta amable a este mensaje:
        Valora el sentimiento de 1 a 5, solo el número:
        """
    ),
    reasoning=words(
        """
        Escribe todo tu razonamiento antes de la respuesta final.;
        Muestra cada paso intermedio, también los descartados.;
        Expón primero todas tus consideraciones y luego responde.
        """
    ),
    example="Ejemplo {n}\nTarea: {q}\nRespuesta: {r}",
)
